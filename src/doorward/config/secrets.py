"""Values that must never be printed, and the two ways to keep them out of the file: `env:NAME` and `file:PATH`.

`file://…` is a URL (an identity schema, a template) and none of this module's business.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doorward.config.problems import Problem, error

STARS = "**********"
FILE_LIMIT_BYTES = 64 * 1024
REFERENCE = re.compile(r"env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|file:(?!//)(?P<file>.+)")


@dataclass(frozen=True, slots=True)
class Secret:
    """A text whose repr, str and format are stars. `reveal()` is the one way to it, and easy to search for."""

    value: str = field(repr=False)

    def reveal(self) -> str:
        """The text itself. Never log it, never put it into an error."""
        return self.value

    def __repr__(self) -> str:
        return f"Secret({STARS})"

    def __str__(self) -> str:
        return STARS


def is_reference(value: object) -> bool:
    """Whether a value points to a secret instead of holding it."""
    return isinstance(value, str) and REFERENCE.fullmatch(value) is not None


def resolve(tree: Any, *, env: Mapping[str, str], folder: Path, path: str, problems: list[Problem]) -> Any:
    """The same tree with every reference replaced by a Secret; `file:PATH` is relative to `folder`.

    A reference that leads nowhere adds an error with its path and stays what it was.
    """
    if isinstance(tree, Mapping):
        return {
            key: resolve(value, env=env, folder=folder, path=join(path, str(key)), problems=problems)
            for key, value in tree.items()
        }
    if isinstance(tree, list):
        return [
            resolve(value, env=env, folder=folder, path=join(path, str(index)), problems=problems)
            for index, value in enumerate(tree)
        ]
    found = REFERENCE.fullmatch(tree) if isinstance(tree, str) else None
    if found is None:
        return tree
    if found["name"]:
        return _from_environment(found["name"], env, path, problems)
    return _from_file(folder / Path(found["file"]).expanduser(), path, problems)


def join(path: str, key: str) -> str:
    """`selfservice` and `flows` make `selfservice.flows`."""
    return f"{path}.{key}" if path else key


def _from_environment(name: str, env: Mapping[str, str], path: str, problems: list[Problem]) -> Secret | None:
    if env.get(name):
        return Secret(env[name])
    problems.append(
        error("secret_not_found", path, f"the environment variable {name} is not set: set it before starting")
    )
    return None


def _from_file(file: Path, path: str, problems: list[Problem]) -> Secret | None:
    try:
        with file.open("rb") as opened:
            text = opened.read(FILE_LIMIT_BYTES + 1).decode()
    except (OSError, UnicodeDecodeError, ValueError) as failure:
        why = failure.strerror if isinstance(failure, OSError) else "it is not UTF-8 text"
        problems.append(error("secret_not_found", path, f"cannot read the file {file}: {why}"))
        return None
    if not text.strip() or len(text) > FILE_LIMIT_BYTES:
        problems.append(
            error("secret_not_found", path, f"the file {file} is empty or larger than {FILE_LIMIT_BYTES} bytes")
        )
        return None
    return Secret(text.rstrip("\r\n"))
