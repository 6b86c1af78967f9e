"""Compares a portal with the database, page by page and in both directions; changes nothing and remembers no page.

First every contact of the portal that carries an id of ours: is that person known here? Then every contact that we
remember: is it still there? Values other than consents are not compared: what was written last is not kept.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import TypeVar
from uuid import UUID

from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.errors import Verdict
from doorward.connectors.hubspot.limits import SharedQuota, Spending
from doorward.connectors.hubspot.links import Link, StoredLinks
from doorward.connectors.hubspot.looking import list_contacts, read_archived
from doorward.connectors.hubspot.people import StoredPeople
from doorward.connectors.hubspot.transport import CallRefused
from doorward.connectors.hubspot.wire import BATCH_LIMIT, KEY_PROPERTY, Contact, consent_property
from doorward.errors import InvalidInput
from doorward.identities.query import Person, load_people
from doorward.outbox.mentions import list_mentioned, list_open_to
from doorward.storage.contract import Database

T = TypeVar("T")
PASSING = frozenset({Verdict.BUSY, Verdict.LOCKED, Verdict.AWAY, Verdict.UNKNOWN})
TRIES = 6
LONGEST_WAIT_S = 60.0
"""What takes longer (the day's calls are spent) ends the run; it says where the next one may go on."""


class Kind(StrEnum):
    """What is not as it should be."""

    UNKNOWN = "unknown"  # a contact carries the id of a person of whom nothing here tells
    WITHDRAWN = "withdrawn"  # a contact says no to what the person here says yes to
    MISSING = "missing"  # the person is here and was delivered; there is no contact
    REMOVED = "removed"  # as missing, and the contact lies in HubSpot's recycle bin
    UNLINKED = "unlinked"  # the contact is there without our id: merged, or somebody took it off


class CursorUnknown(InvalidInput):
    """--after takes what an earlier run has printed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. `identity_id` is what the contact carries, which may be no id at all."""

    kind: Kind
    destination: str
    identity_id: str
    contact_id: str
    email: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class Walk:
    """How far a comparison has come. `cursor` is where a later one may go on; None when it is complete."""

    cursor: str | None = None
    contacts: int = 0
    ours: int = 0
    remembered: int = 0
    found: Counter[Kind] = field(default_factory=Counter)


class Thrifty:
    """An Allowance: the shared budget, and nothing of the reserve that the portal's other integrations are left."""

    def __init__(self, quota: SharedQuota) -> None:
        self._quota = quota
        self._spending = Spending(quota, prepaid=0)

    async def admit(self) -> float:
        return self._quota.spent_for_s() or await self._spending.admit()

    async def learn(self, headers: Mapping[str, str]) -> None:
        await self._spending.learn(headers)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """One portal and one database."""

    client: HubSpotClient
    database: Database
    destination: str
    links: StoredLinks
    purposes: Sequence[str] = ()
    on_page: Callable[[], None] = lambda: None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def walk(self, walk: Walk) -> AsyncIterator[Finding]:
        """Everything that differs, from `walk.cursor` on. Raises CallRefused for what does not pass, CursorUnknown."""
        part, _, after = (walk.cursor or "contacts:").partition(":")
        if part == "contacts":
            async for finding in self._contacts(walk, after or None):
                walk.found[finding.kind] += 1
                yield finding
            after = str(UUID(int=0))
        elif part != "people":
            raise CursorUnknown(f"{part!r} is no place to continue at.")
        async for finding in self._people(walk, _as_uuid(after)):
            walk.found[finding.kind] += 1
            yield finding
        walk.cursor = None

    async def _contacts(self, walk: Walk, after: str | None) -> AsyncIterator[Finding]:
        names = [KEY_PROPERTY, "email", *(consent_property(each) for each in self.purposes)]
        while True:
            walk.cursor = f"contacts:{after or ''}"
            page = await self._patient(partial(list_contacts, self.client, names, after))
            ours = [contact for contact in page.contacts if contact.value(KEY_PROPERTY)]
            for kind, contact in await self._judged(ours):
                key, email = contact.value(KEY_PROPERTY), contact.value("email")
                yield Finding(kind, self.destination, key, contact.id, email or None)
            walk.contacts += len(page.contacts)
            walk.ours += len(ours)
            self.on_page()
            after = page.after
            if after is None:
                return

    async def _judged(self, contacts: Sequence[Contact]) -> list[tuple[Kind, Contact]]:
        """Somebody deleted here is known by the event: on_delete may keep the contact, or its removal is on its way."""
        keys = {contact.id: _find_uuid(contact.value(KEY_PROPERTY)) for contact in contacts}
        ids = [each for each in keys.values() if each is not None]
        reader, dialect = self.database.reader, self.database.dialect
        people = await load_people(reader, ids)
        told = await list_mentioned(reader, dialect, ids)
        unknown = [contact for contact in contacts if keys[contact.id] not in people.keys() | told]
        doubtful = [
            contact
            for contact in contacts
            if (key := keys[contact.id]) in people and self._says_no(contact, people[key])
        ]
        waiting = await list_open_to(
            reader, dialect, self.destination, [key for each in doubtful if (key := keys[each.id])]
        )
        withdrawn = [contact for contact in doubtful if keys[contact.id] not in waiting]
        return [(Kind.UNKNOWN, each) for each in unknown] + [(Kind.WITHDRAWN, each) for each in withdrawn]

    def _says_no(self, contact: Contact, person: Person) -> bool:
        """To a purpose to which the person's newest answer here is yes."""
        return any(
            person.consents.get(each) is True and contact.value(consent_property(each)) == "false"
            for each in self.purposes
        )

    async def _people(self, walk: Walk, after: UUID) -> AsyncIterator[Finding]:
        walk.cursor = f"people:{after}"
        while links := await self.links.list_links(BATCH_LIMIT, after):
            async for finding in self._lost(links):
                yield finding
            walk.remembered += len(links)
            self.on_page()
            after = links[-1].identity_id
            walk.cursor = f"people:{after}"

    async def _lost(self, links: list[Link]) -> AsyncIterator[Finding]:
        """Those of living people that no contact carries the id of, and of whom nothing is on its way."""
        keys = [str(link.identity_id) for link in links]
        found = await self._patient(partial(self.client.read, keys, [KEY_PROPERTY], KEY_PROPERTY))
        present = {contact.value(KEY_PROPERTY) for contact in found}
        absent = [link for link in links if str(link.identity_id) not in present]
        if not absent:
            return
        ids = [link.identity_id for link in absent]
        alive = await StoredPeople(self.database).list_alive(ids)
        waiting = await list_open_to(self.database.reader, self.database.dialect, self.destination, ids)
        lost = [link for link in absent if link.identity_id in alive - waiting]
        records = [link.contact_id for link in lost]
        living = {each.id for each in await self._patient(partial(self.client.read, records, [KEY_PROPERTY]))}
        merged = await self._merged([each for each in records if each not in living])
        archived = await self._patient(partial(read_archived, self.client, records))
        for link in lost:
            kind = Kind.UNLINKED if link.contact_id in living | merged else Kind.MISSING
            if link.contact_id in archived:
                kind = Kind.REMOVED
            yield Finding(kind, self.destination, str(link.identity_id), link.contact_id)

    async def _merged(self, contact_ids: list[str]) -> frozenset[str]:
        """Ids that lead to another contact. One by one, as an answer does not tell which of them it is for; they are
        rare."""
        read = self.client.read
        return frozenset([each for each in contact_ids if await self._patient(partial(read, [each], [KEY_PROPERTY]))])

    async def _patient(self, call: Callable[[], Awaitable[T]]) -> T:
        """Reads may be repeated: what passes is waited for."""
        wait_s = 1.0
        for _ in range(TRIES - 1):
            try:
                return await call()
            except CallRefused as refused:
                wait_s = refused.problem.retry_after_s or wait_s
                if refused.problem.verdict not in PASSING or wait_s > LONGEST_WAIT_S:
                    raise
                await self.sleep(wait_s)
                wait_s *= 2
        return await call()


def _find_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _as_uuid(text: str) -> UUID:
    found = _find_uuid(text)
    if found is None:
        raise CursorUnknown(f"{text!r} is no place to continue at.")
    return found
