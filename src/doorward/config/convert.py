"""A Kratos file as a Doorward file: what is not honoured goes, what differs is said in comments, the rest stays."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doorward.config.edit import Document
from doorward.config.kratos import find_entry
from doorward.config.problems import Problem
from doorward.config.secrets import join

HEADER = "Made from {name} by `doorward config convert`."


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the two files, or between what the two servers make of them."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Converted:
    """The new file's text and what is different in it."""

    text: str
    changes: tuple[Change, ...]


def convert(file: Path, warnings: tuple[Problem, ...] = ()) -> Converted:
    """Reads a Kratos file, writes nothing; `warnings` (of loading it) are told in the header too. Raises CannotEdit."""
    document = Document(file)
    changes = [*_removals(document), *_differences(document)]
    told = {change.path for change in changes}
    changes += [Change(one.path, one.text) for one in warnings if one.path not in told]
    lines = [HEADER.format(name=file.name), "", *(f"{change.path}: {change.text}" for change in changes)]
    header = "".join(f"# {line}".rstrip() + "\n" for line in lines)
    body = document.text()
    return Converted(body if file.suffix.lower() == ".json" else f"{header}\n{body}", tuple(changes))


def _removals(document: Document) -> list[Change]:
    changes: list[Change] = []
    for path in list(_paths("", document.tree)):
        entry = find_entry(path)
        if entry is None:
            continue
        document.remove(path)
        changes.append(Change(path, f"removed, it has no effect: {entry.why}"))
    return changes


def _differences(document: Document) -> Iterator[Change]:
    """Where the same file means something else here."""
    dsn = str(document.find("dsn") or "")
    if dsn.startswith("mysql"):
        yield Change("dsn", "MySQL is not spoken; set it to SQLite or PostgreSQL")
    elif dsn and dsn != "memory":
        text = "Doorward keeps tables of its own; it refuses an SQLite file that holds Kratos's, so name a new one"
        yield Change("dsn", text)
    if document.find("serve.admin.host") is None:
        yield Change("serve.admin.host", "absent: Doorward listens on 127.0.0.1, Kratos on every interface")
    elif not document.find("serve.admin.api_keys"):
        yield Change("serve.admin.api_keys", "beyond loopback the admin API needs keys, or `open: true`")
    if document.find("hashers.algorithm") is None:
        yield Change("hashers.algorithm", "absent: new passwords are hashed with Argon2id, in Kratos with bcrypt")
    for name in ("cookie", "cipher"):
        if not document.find(f"secrets.{name}") and not document.find("secrets.default"):
            document.set(f"secrets.{name}", [f"env:DOORWARD_{name.upper()}_SECRET"])
            text = f"added: set the variable DOORWARD_{name.upper()}_SECRET (`openssl rand -hex 32` makes one)"
            yield Change(f"secrets.{name}", text)
    if document.find("ciphers.algorithm") == "noop":
        yield Change("ciphers.algorithm", "noop: Doorward encrypts all the same")


def _paths(path: str, tree: Any) -> Iterator[str]:
    if not isinstance(tree, Mapping):
        return
    for key, value in tree.items():
        here = join(path, str(key))
        yield here
        yield from _paths(here, value)
