"""What the connector must know about our own people before it touches somebody's contact: who is here, whose address
is proven."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from doorward.identities.query import load_people
from doorward.identities.store import find_identity
from doorward.storage.contract import Database


class People(Protocol):
    """Facts of this moment, never of the moment in which the delivery was queued."""

    async def list_alive(self, identity_ids: Sequence[UUID]) -> frozenset[UUID]:
        """Those that still exist here."""
        ...

    async def list_proven(self, identity_ids: Sequence[UUID]) -> Mapping[UUID, frozenset[str]]:
        """The e-mail addresses, lower-case, that each has proven to own."""
        ...


class StoredPeople:
    """The database's answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_alive(self, identity_ids: Sequence[UUID]) -> frozenset[UUID]:
        return frozenset(await load_people(self._database.reader, list(identity_ids)))

    async def list_proven(self, identity_ids: Sequence[UUID]) -> Mapping[UUID, frozenset[str]]:
        proven: dict[UUID, frozenset[str]] = {}
        for identity_id in identity_ids:
            identity = await find_identity(self._database.reader, identity_id)
            addresses = () if identity is None else identity.verifiable_addresses
            proven[identity_id] = frozenset(
                each.value.lower() for each in addresses if each.via == "email" and each.verified
            )
        return proven
