"""Preparing claimed rows: admission, the context out of its seal, the template. What is left is ready to be sent."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import orjson

from doorward.actions.consent import DELETED
from doorward.actions.model import Action
from doorward.clock import Clock
from doorward.delivery.admission import Admission, Admitted, Refusal
from doorward.delivery.contract import Discard, Job, Outcome, Skip, Snooze
from doorward.delivery.rendering import Renderer, Unwritten, Written
from doorward.delivery.settle import Ruled
from doorward.outbox.model import Delivery
from doorward.security.cipher import SecretMissing, Tampered
from doorward.security.keys import IdentityKey
from doorward.storage.contract import Database, Reader
from doorward.storage.dialect import Dialect

NO_SECRET = Snooze(
    "secret_missing",
    "The payload was encrypted with a secret that is not in secrets.cipher any more. Put it back behind the new one.",
    60.0,
)
ERASED = Skip("erased", "The person's data was erased before this was sent.")
UNREADABLE = Discard("payload_unreadable", "The stored payload is damaged. Nothing can be sent from it.")


class Keys(Protocol):
    """`storage.identity_keys.IdentityKeys`."""

    async def list_identity_keys(
        self, reader: Reader, dialect: Dialect, identity_ids: Sequence[UUID]
    ) -> dict[UUID, IdentityKey]: ...


@dataclass(frozen=True, slots=True)
class Ready:
    """A job to send. `is_withdrawal`: the destination is told that consent was taken back, nothing else."""

    job: Job
    template_version: str | None = None
    is_withdrawal: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a claim became: `ready` in the order of the claim, `decided` what needs no sending."""

    ready: tuple[Ready, ...]
    decided: tuple[Ruled, ...]


class Preparer:
    """Works on all rows of a claim at once; templates are rendered side by side."""

    def __init__(self, database: Database, admission: Admission, keys: Keys, renderer: Renderer, clock: Clock) -> None:
        self._database = database
        self._admission = admission
        self._keys = keys
        self._renderer = renderer
        self._clock = clock

    async def prepare(self, deliveries: Sequence[Delivery], *, tells_withdrawals: bool) -> Prepared:
        """Complete: every delivery is in one of the two lists."""
        started_at = self._clock.now()
        admissions = await self._admission.admit(self._database.reader, deliveries)
        contexts = await self._open(deliveries)
        written = await self._written(deliveries, admissions, contexts)
        made = [
            self._one(each, admissions[each.id], contexts[each.id], written.get(each.id), started_at, tells_withdrawals)
            for each in deliveries
        ]
        ready = tuple(each for each in made if isinstance(each, Ready))
        return Prepared(ready, tuple(each for each in made if isinstance(each, Ruled)))

    async def recheck(self, batch: Sequence[Ready], *, tells_withdrawals: bool) -> tuple[list[Ready], list[Ruled]]:
        """Asks the gate again, right before sending: (still ready, no longer)."""
        now = self._clock.now()
        admissions = await self._admission.admit(self._database.reader, [each.job.delivery for each in batch])
        ready: list[Ready] = []
        refused: list[Ruled] = []
        for each in batch:
            admission = admissions[each.job.delivery.id]
            if each.is_withdrawal or isinstance(admission, Admitted):
                ready.append(each)
                continue
            outcome = admission.outcome
            if admission.was_withdrawn and tells_withdrawals:
                # Claimed again at once, it goes the way of withdrawals.
                outcome = Snooze("consent_changed", "Consent changed while this was prepared.", 0.0)
            refused.append(_ruled(each.job.delivery, admission, outcome, now, now))
        return ready, refused

    async def _written(
        self,
        deliveries: Sequence[Delivery],
        admissions: Mapping[UUID, Admitted | Refusal],
        contexts: Mapping[UUID, bytes | Outcome],
    ) -> dict[UUID, Written | Unwritten]:
        """What the templates make of the rows that may go, by delivery id; each action's rows together."""
        groups: dict[str, tuple[Action, dict[UUID, bytes]]] = {}
        for each in deliveries:
            admission, context = admissions[each.id], contexts[each.id]
            if isinstance(admission, Admitted) and isinstance(context, bytes):
                groups.setdefault(each.action, (admission.action, {}))[1][each.id] = context
        rendered = await asyncio.gather(
            *(self._renderer.render(action, list(group.values())) for action, group in groups.values())
        )
        return {
            delivery_id: written
            for (_, group), results in zip(groups.values(), rendered, strict=True)
            for delivery_id, written in zip(group, results, strict=True)
        }

    def _one(
        self,
        delivery: Delivery,
        admission: Admitted | Refusal,
        context: bytes | Outcome,
        written: Written | Unwritten | None,
        started_at: datetime,
        tells_withdrawals: bool,
    ) -> Ready | Ruled:
        if isinstance(admission, Refusal):
            if admission.was_withdrawn and tells_withdrawals and admission.action is not None:
                admitted = Admitted(admission.action, admission.address_verified)
                return Ready(_job(delivery, admitted, {}, None), is_withdrawal=True)
            return _ruled(delivery, admission, admission.outcome, started_at, self._clock.now())
        if not isinstance(context, bytes):
            return _ruled(delivery, admission, context, started_at, self._clock.now())
        assert written is not None
        if isinstance(written, Unwritten):
            return _ruled(delivery, admission, written.outcome, started_at, self._clock.now(), written.version)
        return Ready(_job(delivery, admission, orjson.loads(context), written.text), written.version)

    async def _open(self, deliveries: Sequence[Delivery]) -> dict[UUID, bytes | Outcome]:
        """The contexts by delivery id, or why there is none."""
        ids = list({each.identity_id for each in deliveries})
        try:
            keys = await self._keys.list_identity_keys(self._database.reader, self._database.dialect, ids)
        except (SecretMissing, Tampered) as error:
            if len(ids) > 1:
                # One key that cannot be read must not keep the others.
                return {each.id: (await self._open([each]))[each.id] for each in deliveries}
            outcome = NO_SECRET if isinstance(error, SecretMissing) else UNREADABLE
            return dict.fromkeys((each.id for each in deliveries), outcome)
        return {each.id: _opened(each, keys.get(each.identity_id)) for each in deliveries}


def _opened(delivery: Delivery, key: IdentityKey | None) -> bytes | Outcome:
    if key is None or not delivery.payload:
        # What tells of a deletion needs no more than the identity's id.
        return b"{}" if delivery.event_kind == DELETED else ERASED
    try:
        return key.open(delivery.id, delivery.payload)
    except Tampered:
        return UNREADABLE


def _job(delivery: Delivery, admitted: Admitted, context: Mapping[str, Any], rendered: str | None) -> Job:
    return Job(
        delivery=delivery,
        action=admitted.action,
        context=context,
        rendered=rendered,
        attempt=delivery.attempts + 1,
        may_have_applied=delivery.may_have_applied,
        address_verified=admitted.address_verified,
    )


def _ruled(
    delivery: Delivery,
    admission: Admitted | Refusal,
    outcome: Outcome,
    started_at: datetime,
    ended_at: datetime,
    version: str | None = None,
) -> Ruled:
    return Ruled(
        delivery,
        admission.action,
        outcome,
        started_at,
        ended_at,
        template_version=version,
        address_verified=admission.address_verified,
    )
