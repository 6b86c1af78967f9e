"""Changes of a person that wait until their new address is proved: kept sealed, one at a time for each person."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from doorward.clock import Clock
from doorward.flows.continuity import Sealer
from doorward.identities.draft import NewConsent
from doorward.storage.contract import Reader, Transaction
from doorward.storage.types import read_bytes, read_uuid


@dataclass(frozen=True, slots=True)
class PendingChange:
    """`traits` are what shall be, once `address` is proved; `traits_digest` tells what was, `transient_payload` is for
    the hooks of the change.

    The session and the settings flow are those of whoever asked for it, `method` is the section that they used.
    """

    verification_flow_id: UUID
    identity_id: UUID
    session_id: UUID
    settings_flow_id: UUID
    traits_digest: str
    method: str
    via: str
    address: str = field(repr=False)
    traits: Mapping[str, Any] = field(repr=False)
    consents: tuple[NewConsent, ...] = field(default=(), repr=False)
    transient_payload: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class PendingChanges:
    """Keeps and takes up changes."""

    sealer: Sealer
    clock: Clock

    async def put(self, tx: Transaction, change: PendingChange) -> None:
        """Stores a change; the verification flow and the person are there."""
        content = {
            "method": change.method,
            "via": change.via,
            "address": change.address,
            "traits": dict(change.traits),
            "consents": [asdict(each) for each in change.consents],
            "transient_payload": dict(change.transient_payload),
        }
        flow_id, identity_id = change.verification_flow_id, change.identity_id
        await tx.execute(
            """
            INSERT INTO pending_changes (verification_flow_id, identity_id, session_id, settings_flow_id,
              traits_digest, payload, created_at)
            VALUES (:flow_id, :identity_id, :session_id, :settings_flow_id, :traits_digest, :payload, :now)
            """,
            {
                "flow_id": flow_id,
                "identity_id": identity_id,
                "session_id": change.session_id,
                "settings_flow_id": change.settings_flow_id,
                "traits_digest": change.traits_digest,
                "payload": await self.sealer.seal(tx, identity_id, flow_id, orjson.dumps(content)),
                "now": self.clock.now(),
            },
        )

    async def find(self, reader: Reader, verification_flow_id: UUID) -> PendingChange | None:
        """The change that waits for a verification flow."""
        row = await reader.fetch_one(
            "SELECT * FROM pending_changes WHERE verification_flow_id = :id", {"id": verification_flow_id}
        )
        if row is None:
            return None
        identity_id = read_uuid(row["identity_id"])
        plain = await self.sealer.open(reader, identity_id, verification_flow_id, read_bytes(row["payload"]))
        content = orjson.loads(plain)
        return PendingChange(
            verification_flow_id=verification_flow_id,
            identity_id=identity_id,
            session_id=read_uuid(row["session_id"]),
            settings_flow_id=read_uuid(row["settings_flow_id"]),
            traits_digest=row["traits_digest"],
            method=content["method"],
            via=content["via"],
            address=content["address"],
            traits=content["traits"],
            consents=tuple(NewConsent(**each) for each in content["consents"]),
            transient_payload=content["transient_payload"],
        )

    async def end(self, tx: Transaction, change: PendingChange) -> bool:
        """Uses a change up; True for exactly one of all who try."""
        sql = "DELETE FROM pending_changes WHERE verification_flow_id = :id"
        return await tx.execute(sql, {"id": change.verification_flow_id}) == 1

    async def drop(self, tx: Transaction, identity_id: UUID) -> list[UUID]:
        """Forgets what a person has waiting; the verification flows that bring nothing about any more."""
        rows = await tx.fetch_all(
            "SELECT verification_flow_id FROM pending_changes WHERE identity_id = :id", {"id": identity_id}
        )
        await tx.execute("DELETE FROM pending_changes WHERE identity_id = :id", {"id": identity_id})
        return [read_uuid(row["verification_flow_id"]) for row in rows]


def digest_of(traits: Any) -> str:
    """Tells whether traits are still what they were."""
    return sha256(orjson.dumps(traits, option=orjson.OPT_SORT_KEYS)).hexdigest()
