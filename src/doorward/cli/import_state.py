"""How far an import came, in a small file: what is stored is not stored twice, what is not stored is not left out."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import orjson

from doorward.errors import InvalidInput

VERSION = 1


class UnreadableState(InvalidInput):
    """The state file is not one of an import. Name another one, or delete it to begin anew."""


class OtherSource(InvalidInput):
    """The state file belongs to the import of another file."""


@dataclass(frozen=True, slots=True)
class ImportState:
    """`done`: every line up to here is settled. `pending`: ids that the batch after it was going to store, by line."""

    source: str
    done: int = 0
    pending: Mapping[int, UUID] = field(default_factory=dict)


def read_state(path: Path, source: str) -> ImportState:
    """A fresh state where there is no file. Raises UnreadableState, OtherSource."""
    if not path.exists():
        return ImportState(source)
    try:
        told = orjson.loads(path.read_bytes())
        state = ImportState(
            told["source"], int(told["done"]), {int(line): UUID(each) for line, each in told["pending"].items()}
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableState from error
    if state.source != source:
        raise OtherSource(f"The state file belongs to the import of {state.source}.")
    return state


def write_state(path: Path, state: ImportState) -> None:
    """Replaces the file at once: a crash leaves the old one or the new one, never half of one."""
    pending = {str(line): str(each) for line, each in state.pending.items()}
    body = orjson.dumps({"version": VERSION, "source": state.source, "done": state.done, "pending": pending})
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
