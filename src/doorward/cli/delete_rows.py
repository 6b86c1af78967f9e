"""Many identities to be deleted, named one a line; one that is not there stops no other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO
from uuid import UUID

from doorward.app.core import Core
from doorward.cli.import_rows import Line, read_lines
from doorward.errors import DoorwardError, InvalidInput
from doorward.identities.events import Cause
from doorward.identities.service import IdentityNotFound
from doorward.storage.contract import Transaction
from doorward.web.form_body import Unreadable
from doorward.web.json_body import first_value

BATCH = 100


class NoIdentityNamed(InvalidInput):
    """The line is neither an id nor a JSON object with one."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What became of a line."""

    number: int
    refusal: DoorwardError | None = None


def batches(stream: BinaryIO) -> Iterator[list[Line]]:
    """Lines, as many as one transaction takes."""
    lines = read_lines(stream)
    while batch := list(islice(lines, BATCH)):
        yield batch


async def delete_batch(core: Core, batch: Sequence[Line], cause: Cause) -> list[Deleted]:
    """Deletes whom the lines name, in one transaction; each deletion is recorded and delivered like any other."""
    named = [(line.number, _named(line)) for line in batch]

    async def work(tx: Transaction) -> list[Deleted]:
        return [Deleted(number, await _delete(core, tx, each, cause)) for number, each in named]

    return await core.database.transaction(work)


async def _delete(core: Core, tx: Transaction, named: UUID | DoorwardError, cause: Cause) -> DoorwardError | None:
    if isinstance(named, DoorwardError):
        return named
    try:
        await core.identities.delete(tx, named, cause)
    except IdentityNotFound:
        return IdentityNotFound(f"There is no identity {named}.")
    return None


def _named(line: Line) -> UUID | DoorwardError:
    text = (line.text or b"").decode("utf-8", "replace").strip()
    try:
        if text.startswith("{"):
            text = str(first_value(text.encode()).get("id"))
        return UUID(text.strip('"'))
    except (ValueError, Unreadable):
        return NoIdentityNamed()
