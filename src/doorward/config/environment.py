"""Environment variables over the file, in Kratos's form: the path in capitals joined by `_`, with `DOORWARD_` or not.

Keys that Kratos does not have need the prefix, so that a stray `ACTIONS` in somebody's shell changes nothing.
"""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args, get_origin

from doorward.config.fields import About
from doorward.config.files import placed
from doorward.config.keys import ITEM, NAME, Key
from doorward.config.problems import Problem, error, warning
from doorward.config.scalars import from_text, is_scalar, is_section
from doorward.config.secrets import Secret, resolve

PREFIX = "DOORWARD_"
PLACE = re.compile(r"_(\d{1,3})(?=_|$)")
NOT_KEYS = ("DOORWARD_CONFIG", "DOORWARD_CONFORMANCE")
AUTH = ("type", "config.user", "config.password", "config.name", "config.value", "config.in")
AUTHS = (
    "courier.http.request_config.auth",
    "courier.channels.#.request_config.auth",
    "selfservice.methods.password.config.migrate_hook.config.auth",
)
"""Sections that are kept as they are written, because what they hold depends on their `type`."""


@dataclass(frozen=True, slots=True)
class Override:
    """One variable that stands for one key."""

    variable: str
    path: str
    key: Key


def variable_of(path: str) -> str:
    """`serve.public.port` is `SERVE_PUBLIC_PORT`."""
    return path.upper().replace(".", "_").replace("-", "_")


def text_keys(paths: Iterable[str]) -> Iterator[Key]:
    """Single texts within sections that no declaration describes: how a request signs in, and those of `paths`."""
    for path in (*(f"{auth}.{name}" for auth in AUTHS for name in AUTH), *paths):
        yield Key(path, str, About(), None, is_ours=False)


def apply(tree: Mapping[str, Any], env: Mapping[str, str], keys: list[Key], problems: list[Problem]) -> dict[str, Any]:
    """The tree with the variables' values in place.

    Adds `wrong_value` for JSON that is none, and a warning `unknown_variable` for a `DOORWARD_` variable that looks
    like a key and is none.
    """
    result = dict(tree)
    for override in _overrides(env, keys):
        value = _value(override, env[override.variable], problems)
        here = resolve(value, env=env, folder=Path(), path=override.path, problems=problems)
        result = placed(result, override.path, here)
    problems.extend(_unknown(env, keys))
    return result


def _overrides(env: Mapping[str, str], keys: list[Key]) -> list[Override]:
    """Sections before their keys and plain names before prefixed ones, so that the more exact one is applied last."""
    known = _by_variable(keys)
    found: list[Override] = []
    for variable, value in env.items():
        has_prefix = variable.startswith(PREFIX)
        name = variable.removeprefix(PREFIX)
        key = known.get(name) or known.get(PLACE.sub(f"_{ITEM}", name))
        if key is not None and value and variable not in NOT_KEYS and (has_prefix or not key.is_ours):
            path = key.path
            for index in PLACE.findall(name) if ITEM in path else ():
                path = path.replace(ITEM, index, 1)
            found.append(Override(variable, path, key))
    return sorted(found, key=lambda one: (one.path.count("."), one.variable.startswith(PREFIX), one.variable))


def _by_variable(keys: list[Key]) -> dict[str, Key]:
    return {variable_of(key.path): key for key in keys if NAME not in key.path}


def _value(override: Override, text: str, problems: list[Problem]) -> Any:
    kind = override.key.kind
    if is_scalar(kind):
        return from_text(kind, text)
    try:
        return json.loads(text)
    except ValueError:
        if get_origin(kind) is tuple and get_args(kind)[0] in (str, Secret, timedelta):
            return [part.strip() for part in text.split(",")]
        what = "a JSON list" if get_origin(kind) is tuple else "a JSON object"
        problems.append(error("wrong_value", override.path, f"the variable {override.variable} must hold {what}"))
        return [] if get_origin(kind) is tuple else {}


def _unknown(env: Mapping[str, str], keys: list[Key]) -> Iterator[Problem]:
    known = _by_variable(keys)
    sections = {variable_of(key.path) for key in keys if "." not in key.path and not _is_leaf(key)}
    for variable in env:
        name = variable.removeprefix(PREFIX)
        if not variable.startswith(PREFIX) or variable in NOT_KEYS or name.split("_")[0] not in sections:
            continue
        if name not in known and PLACE.sub(f"_{ITEM}", name) not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
            yield warning("unknown_variable", variable, f"this variable stands for no key and has no effect{hint}")


def _is_leaf(key: Key) -> bool:
    return not is_section(key.kind) and get_origin(key.kind) is None
