"""Settling: writes what became of leased deliveries, if their lease still holds. A lost lease never writes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from doorward.clock import from_micros, micros
from doorward.outbox.channels import DELIVERIES, SETTLED
from doorward.outbox.claim import REST, SOON
from doorward.outbox.model import Attempt
from doorward.outbox.states import ENDED, State, require
from doorward.outbox.store import insert_attempts, lay_followers_aside, release_followers
from doorward.storage.contract import Transaction
from doorward.storage.types import read_uuid

NEVER = from_micros(0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a leased delivery goes. `attempt` is None when this was no try; `is_snooze` counts a snooze.

    `not_before` matters for rows that stay open; `external_id` and `template_version` None keep what is there.
    `forgets` empties the payload of a row that ends.
    """

    delivery_id: UUID
    state: State
    not_before: datetime
    attempt: Attempt | None = None
    is_snooze: bool = False
    may_have_applied: bool = False
    held_for: str | None = None
    reason_code: str | None = None
    reason: str | None = None
    external_id: str | None = None
    template_version: str | None = None
    forgets: bool = False


async def settle(
    tx: Transaction, destination: str, leases: Mapping[UUID, UUID], verdicts: Sequence[Verdict], now: datetime
) -> frozenset[UUID]:
    """The deliveries that were written. The others had lost their lease: nothing was written for them.

    `leases` tells each delivery's token; `verdicts` may come from several claims, each delivery once. Those that are
    written belong to different identities, since one row of a line at a time is leased. Raises IllegalTransition.
    """
    written: dict[UUID, UUID] = {}
    for alike in _grouped(verdicts):
        written |= await _write(tx, leases, alike, now)
    mine = [each for each in verdicts if each.delivery_id in written]
    await insert_attempts(tx, [each.attempt for each in mine if each.attempt is not None])
    ended = [written[each.delivery_id] for each in mine if each.state in ENDED]
    await release_followers(tx, destination, ended, now)
    resting = {written[each.delivery_id]: each.delivery_id for each in mine if _is_resting(each, now)}
    await lay_followers_aside(tx, destination, resting, now + REST, now)
    if mine:
        tx.wake(SETTLED)
    if any(each.state is State.PENDING for each in mine):
        tx.wake(DELIVERIES)
    return frozenset(written)


def _is_resting(verdict: Verdict, now: datetime) -> bool:
    return verdict.state is State.HELD or (verdict.state not in ENDED and verdict.not_before > now + SOON)


def _grouped(verdicts: Iterable[Verdict]) -> Iterable[list[Verdict]]:
    """Verdicts that differ only in what they are about are written by one statement."""
    groups: defaultdict[tuple[Verdict, bool], list[Verdict]] = defaultdict(list)
    for each in verdicts:
        alike = replace(each, delivery_id=UUID(int=0), attempt=None, external_id=None, not_before=NEVER)
        groups[alike, each.attempt is not None].append(each)
    return groups.values()


async def _write(
    tx: Transaction, leases: Mapping[UUID, UUID], alike: Sequence[Verdict], now: datetime
) -> dict[UUID, UUID]:
    """Identity id by delivery id of the rows written. Each row's lease is compared with its own token."""
    first = alike[0]
    require(State.LEASED, first.state)
    dialect = tx.dialect
    key = "CAST(id AS TEXT)"
    emptied = " payload = :empty," if first.forgets else ""
    rows = await tx.fetch_all(
        f"""
        UPDATE deliveries SET state = :state, attempts = attempts + :tries, snoozes = snoozes + :snoozes,
          may_have_applied = (may_have_applied OR :may_have_applied),
          not_before = CAST({dialect.json_text("not_before", key)} AS BIGINT), held_for = :held_for,
          reason_code = :reason_code, reason = :reason,
          external_id = COALESCE({dialect.json_text("external_ids", key)}, external_id),
          template_version = COALESCE(:template_version, template_version),{emptied}
          settled_at = :settled_at, updated_at = :now, lease_owner = NULL, lease_token = NULL, lease_until = NULL
        WHERE {dialect.one_of("id", "ids", "uuid")} AND state = 'leased' AND lease_until > :now
          AND CAST(lease_token AS TEXT) = {dialect.json_text("tokens", key)}
        RETURNING id, identity_id
        """,
        {
            "state": first.state,
            "tries": 0 if first.attempt is None else 1,
            "snoozes": 1 if first.is_snooze else 0,
            "may_have_applied": first.may_have_applied,
            "not_before": {str(each.delivery_id): micros(each.not_before) for each in alike},
            "held_for": first.held_for,
            "reason_code": first.reason_code,
            "reason": first.reason,
            "external_ids": {str(each.delivery_id): each.external_id for each in alike if each.external_id},
            "template_version": first.template_version,
            "settled_at": now if first.state in ENDED else None,
            "now": now,
            "ids": [each.delivery_id for each in alike],
            "tokens": {str(each.delivery_id): str(leases[each.delivery_id]) for each in alike},
            **({"empty": b""} if first.forgets else {}),
        },
    )
    return {read_uuid(row["id"]): read_uuid(row["identity_id"]) for row in rows}
