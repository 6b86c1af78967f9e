"""An import, batch by batch: read, hash, store in one transaction. Memory holds one batch, whatever the file."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from doorward.api.admin.credential_body import to_credentials
from doorward.app.core import Core
from doorward.cli.consents import stated_consents
from doorward.cli.import_rows import Line, read_row
from doorward.errors import Conflict, DoorwardError, InvalidInput
from doorward.identities.draft import Draft
from doorward.identities.events import Cause
from doorward.identities.query import find_present
from doorward.identities.service import Change
from doorward.observability.tracing import current_trace_id
from doorward.storage.contract import Transaction


class AlreadyTaken(Conflict):
    """The id, external id, an identifier or an address belongs to another identity."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a line. With neither id nor refusal: it was here already and was passed over."""

    line: Line
    identity_id: UUID | None = None
    refusal: DoorwardError | None = None


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """`skips_present`: rows whose id or external id is here are passed over; `is_checking`: nothing is stored."""

    keeps_ids: bool = False
    skips_present: bool = False
    is_checking: bool = False
    consent_source: str | None = None


Begin = Callable[[Mapping[int, UUID]], None]
"""Told before a batch is stored: the ids that it is going to store, by line."""
Drafted = tuple[Line, Draft]


class ImportRun:
    """One import into one installation."""

    def __init__(self, core: Core, settings: ImportSettings, begin: Begin) -> None:
        self._core = core
        self._settings = settings
        self._begin = begin
        # As many hashes at once as there are cores: more would only wait in the line.
        self._hashing = asyncio.Semaphore(os.cpu_count() or 1)

    async def settle(self, batch: Sequence[Line], pending: Mapping[int, UUID]) -> list[Settled]:
        """What became of each line, in order. `pending`: ids that an interrupted run may have stored for them.

        Raises Unavailable; then nothing of the batch is stored, or `pending` will tell.
        """
        present, _ = await find_present(self._core.database.reader, list(pending.values()), ())
        settled = {line: Settled(line, identity_id=each) for line, each in self._known(batch, pending, present)}
        made = await asyncio.gather(*(self._draft(line) for line in batch if line not in settled))
        settled.update({line: Settled(line, refusal=result) for line, result in made if not isinstance(result, Draft)})
        drafts = [(line, result) for line, result in made if isinstance(result, Draft)]
        drafts = await self._absent(drafts)
        for each in await self._store(drafts):
            settled[each.line] = each
        return [settled.get(line, Settled(line)) for line in batch]

    def _known(
        self, batch: Sequence[Line], pending: Mapping[int, UUID], present: frozenset[UUID]
    ) -> list[tuple[Line, UUID]]:
        return [
            (line, pending[line.number]) for line in batch if line.number in pending and pending[line.number] in present
        ]

    async def _draft(self, line: Line) -> tuple[Line, Draft | DoorwardError]:
        core, settings = self._core, self._settings
        try:
            row = read_row(line, core.schemas.default_id, core.clock.now(), keeps_id=settings.keeps_ids)
            async with self._hashing:
                credentials = await to_credentials(row.given.credentials, core.passwords)
            new = row.given.to_new(credentials)
            consents = stated_consents(core.schemas, new.schema_id, new.traits, settings.consent_source, "import")
            return line, core.identities.draft(replace(new, id=row.id, consents=consents))
        except InvalidInput as error:
            return line, error

    async def _absent(self, drafts: list[Drafted]) -> list[Drafted]:
        """Without those that are passed over because they are here."""
        if not self._settings.skips_present:
            return drafts
        identities = [draft.identity for _, draft in drafts]
        ids, external_ids = await find_present(
            self._core.database.reader,
            [each.id for each in identities],
            [each.external_id for each in identities if each.external_id],
        )
        return [
            (line, draft)
            for line, draft in drafts
            if draft.identity.id not in ids and draft.identity.external_id not in external_ids
        ]

    async def _store(self, drafts: list[Drafted]) -> list[Settled]:
        if not drafts:
            return []
        if self._settings.is_checking:
            return [Settled(line, identity_id=draft.identity.id) for line, draft in drafts]
        self._begin({line.number: draft.identity.id for line, draft in drafts})
        return await self._stored_or_split(drafts)

    async def _stored_or_split(self, drafts: list[Drafted]) -> list[Settled]:
        """A value that no database keeps fails its whole transaction: the others must not suffer for it."""
        try:
            return await self._stored(drafts)
        except InvalidInput as error:
            if len(drafts) == 1:
                return [Settled(drafts[0][0], refusal=error)]
        middle = len(drafts) // 2
        return [*await self._stored_or_split(drafts[:middle]), *await self._stored_or_split(drafts[middle:])]

    async def _stored(self, drafts: list[Drafted]) -> list[Settled]:
        core, cause = self._core, Cause(source="import", trace_id=current_trace_id(), actor="cli")

        async def store_them(tx: Transaction) -> list[Change | None]:
            return await core.identities.create_many(tx, [draft for _, draft in drafts], cause)

        changes = await core.database.transaction(store_them)
        return [
            Settled(line, refusal=AlreadyTaken()) if change is None else Settled(line, identity_id=change.identity.id)
            for (line, _), change in zip(drafts, changes, strict=True)
        ]
