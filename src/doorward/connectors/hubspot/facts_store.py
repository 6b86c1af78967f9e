"""What was learned about a destination's portal, in the columns `portal_id` and `facts` of its row."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from doorward.clock import Clock
from doorward.connectors.hubspot.catalogue import Catalogue, pack, unpack
from doorward.connectors.hubspot.wire import Account
from doorward.storage.contract import Database, Transaction
from doorward.storage.types import read_optional_json


@dataclass(frozen=True, slots=True)
class PortalFacts:
    """The account and its properties as last seen; None where nothing was learned yet."""

    portal_id: str | None = None
    account: Account | None = None
    catalogue: Catalogue | None = None


async def find_facts(database: Database, destination: str) -> PortalFacts:
    row = await database.reader.fetch_one(
        "SELECT portal_id, facts FROM destinations WHERE name = :name", {"name": destination}
    )
    if row is None:
        return PortalFacts()
    facts = read_optional_json(row["facts"])
    shape = facts if isinstance(facts, Mapping) else {}
    return PortalFacts(row["portal_id"], _account(shape.get("account")), unpack(shape.get("catalogue")))


async def save_facts(database: Database, clock: Clock, destination: str, facts: PortalFacts) -> None:
    """Writes what is known, beside the pauses and the breaker that delivery keeps in the same row."""
    shape: dict[str, Any] = {
        "account": None if facts.account is None else asdict(facts.account),
        "catalogue": None if facts.catalogue is None else pack(facts.catalogue),
    }

    async def write(tx: Transaction) -> None:
        await tx.execute(
            """
            INSERT INTO destinations (name, portal_id, facts, updated_at) VALUES (:name, :portal_id, :facts, :now)
            ON CONFLICT (name) DO UPDATE SET portal_id = :portal_id, facts = :facts, updated_at = :now
            """,
            {"name": destination, "portal_id": facts.portal_id, "facts": shape, "now": clock.now()},
        )

    await database.transaction(write)


def _account(shape: object) -> Account | None:
    try:
        return Account(**shape) if isinstance(shape, Mapping) else None
    except TypeError:
        return None
