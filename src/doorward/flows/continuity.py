"""What a person was in the middle of when they had to sign in again: kept sealed, and taken up by the same browser.

The browser's cookie names the paused steps that it may take up; a step belongs to one flow and one person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import orjson

from doorward.clock import Clock
from doorward.flows.model import FlowKind
from doorward.ids import new_secret_id
from doorward.storage.contract import Reader, Transaction
from doorward.storage.types import read_bytes, read_time, read_uuid

PAUSE = timedelta(minutes=15)
"""How long a step waits (as in Kratos)."""

Held = Mapping[str, UUID]
"""What a browser's cookie holds: paused steps by name."""


class Sealer(Protocol):
    """Encrypts under a person's own key (`storage.identity_keys`): a paused step may be a new password."""

    async def seal(self, tx: Transaction, identity_id: UUID, row_id: UUID, plaintext: bytes) -> bytes: ...

    async def open(self, reader: Reader, identity_id: UUID, row_id: UUID, ciphertext: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class PausedStep:
    """`values` are the fields of the form that was sent."""

    id: UUID
    name: str
    flow_id: UUID
    identity_id: UUID
    values: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Continuity:
    """Pauses and takes up steps."""

    sealer: Sealer
    clock: Clock

    def step(self, name: str, flow_id: UUID, identity_id: UUID, values: Mapping[str, Any]) -> PausedStep:
        """A new step; nothing is stored yet."""
        return PausedStep(new_secret_id(), name, flow_id, identity_id, values)

    async def pause(self, tx: Transaction, step: PausedStep) -> None:
        """Stores a step; the flow and the person are there."""
        now = self.clock.now()
        sealed = await self.sealer.seal(tx, step.identity_id, step.id, orjson.dumps(dict(step.values)))
        await tx.execute(
            """
            INSERT INTO paused_steps (id, name, flow_id, identity_id, payload, created_at, expires_at)
            VALUES (:id, :name, :flow_id, :identity_id, :payload, :now, :expires_at)
            """,
            {
                "id": step.id,
                "name": step.name,
                "flow_id": step.flow_id,
                "identity_id": step.identity_id,
                "payload": sealed,
                "now": now,
                "expires_at": now + PAUSE,
            },
        )

    async def find(self, reader: Reader, held: Held, name: str, flow_id: UUID, identity_id: UUID) -> PausedStep | None:
        """The step that this browser paused in this flow of this person; None when there is none, or it is too old."""
        if name not in held:
            return None
        row = await reader.fetch_one("SELECT * FROM paused_steps WHERE id = :id", {"id": held[name]})
        if row is None or row["name"] != name or read_uuid(row["flow_id"]) != flow_id:
            return None
        if read_uuid(row["identity_id"]) != identity_id or _is_over(read_time(row["expires_at"]), self.clock.now()):
            return None
        plain = await self.sealer.open(reader, identity_id, held[name], read_bytes(row["payload"]))
        return PausedStep(held[name], name, flow_id, identity_id, orjson.loads(plain))

    async def end(self, tx: Transaction, step: PausedStep) -> bool:
        """Uses a step up; True for exactly one of all who try."""
        return await tx.execute("DELETE FROM paused_steps WHERE id = :id", {"id": step.id}) == 1


def step_name(kind: FlowKind, method: str) -> str:
    """What a paused step is called in the browser's cookie."""
    return f"{kind}:{method}"


def forgotten_steps(kind: FlowKind, held: Held) -> list[Held]:
    """What the cookie says after each step of a kind that is dropped because its person starts anew."""
    left = dict(held)
    answers: list[Held] = []
    for name in held:
        if name.startswith(f"{kind}:"):
            del left[name]
            answers.append(dict(left))
    return answers


def _is_over(expires_at: datetime, now: datetime) -> bool:
    return expires_at <= now
