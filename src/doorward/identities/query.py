"""What delivery asks about many persons at once.

Are they still here, what do their traits say, which consents are newest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from doorward.identities.in_lists import placeholders
from doorward.storage.contract import Reader, Row
from doorward.storage.types import read_bool, read_json, read_uuid


@dataclass(frozen=True, slots=True)
class Person:
    """An identity's facts of this moment.

    `address_verified`: there is an e-mail address to verify and every one of them is verified, so that none that
    was merely typed can reach a stranger's contact. `consents` maps a purpose to its newest receipt's answer,
    `once_agreed` holds the purposes that there ever was a yes to.
    """

    identity_id: UUID
    schema_id: str
    state: str
    traits: Mapping[str, Any] = field(repr=False)
    address_verified: bool = False
    consents: Mapping[str, bool] = field(default_factory=dict)
    once_agreed: frozenset[str] = frozenset()


async def load_people(reader: Reader, identity_ids: Sequence[UUID]) -> dict[UUID, Person]:
    """The persons among `identity_ids` that exist, in three statements whatever their number."""
    ids = list(dict.fromkeys(identity_ids))
    if not ids:
        return {}
    marks, params = placeholders(ids)
    identities = await reader.fetch_all(
        f"SELECT id, schema_id, state, traits FROM identities WHERE id IN ({marks})", params
    )
    addresses = await reader.fetch_all(
        f"SELECT identity_id, verified FROM verifiable_addresses WHERE via = 'email' AND identity_id IN ({marks})",
        params,
    )
    receipts = await reader.fetch_all(
        f"SELECT identity_id, purpose, granted FROM consent_receipts WHERE identity_id IN ({marks}) ORDER BY seq, id",
        params,
    )
    # Looking an id up is cheaper than reading it again in each of the three answers.
    known: dict[Any, UUID] = {each: each for each in ids} | {str(each): each for each in ids}
    verified: dict[UUID, bool] = {}
    for row in addresses:
        identity_id = known[row["identity_id"]]
        verified[identity_id] = verified.get(identity_id, True) and read_bool(row["verified"])
    consents: dict[UUID, dict[str, bool]] = {}
    agreed: dict[UUID, set[str]] = {}
    for row in receipts:
        identity_id, granted = read_uuid(row["identity_id"]), read_bool(row["granted"])
        consents.setdefault(identity_id, {})[row["purpose"]] = granted
        if granted:
            agreed.setdefault(identity_id, set()).add(row["purpose"])
    return {
        identity_id: Person(
            identity_id=identity_id,
            schema_id=row["schema_id"],
            state=row["state"],
            traits=read_json(row["traits"]),
            address_verified=verified.get(identity_id, False),
            consents=consents.get(identity_id, {}),
            once_agreed=frozenset(agreed.get(identity_id, ())),
        )
        for row in identities
        for identity_id in [known[row["id"]]]
    }


async def list_ids(reader: Reader, limit: int, after: UUID) -> list[UUID]:
    """At most `limit` ids greater than `after`, in their order."""
    rows = await reader.fetch_all(
        "SELECT id FROM identities WHERE id > :after ORDER BY id LIMIT :limit", {"after": after, "limit": limit}
    )
    return [read_uuid(row["id"]) for row in rows]


async def find_ids_by_email(reader: Reader, email: str) -> list[UUID]:
    """Who has this address, to sign in or to be reached. Usually one; the address is normalised as ours are."""
    rows = await reader.fetch_all(
        """
        SELECT identity_id FROM verifiable_addresses WHERE via = 'email' AND value = :email
        UNION SELECT identity_id FROM credential_identifiers WHERE identifier = :email
        """,
        {"email": email.strip().lower()},
    )
    return [read_uuid(row["identity_id"]) for row in rows]


async def count_identities(reader: Reader) -> int:
    """Everybody. Reads the whole table: for commands."""
    row = await reader.fetch_one("SELECT COUNT(*) AS number FROM identities")
    return 0 if row is None else int(row["number"])


async def find_present(
    reader: Reader, ids: Sequence[UUID], external_ids: Sequence[str]
) -> tuple[frozenset[UUID], frozenset[str]]:
    """Which of these ids, and which of these external ids, somebody has."""
    found: list[Row] = []
    if ids:
        marks, params = placeholders(ids)
        found += await reader.fetch_all(f"SELECT id, external_id FROM identities WHERE id IN ({marks})", params)
    if external_ids:
        marks, params = placeholders(external_ids)
        found += await reader.fetch_all(
            f"SELECT id, external_id FROM identities WHERE external_id IN ({marks})", params
        )
    return (
        frozenset(read_uuid(row["id"]) for row in found),
        frozenset(row["external_id"] for row in found if row["external_id"]),
    )
