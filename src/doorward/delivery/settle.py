"""From outcomes to rows: what each outcome means for a delivery, written in one transaction per batch.

Pauses and the breaker belong to the same transaction: whoever sees the rows sees why they rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from doorward.actions.model import Action
from doorward.delivery.backoff import next_try
from doorward.delivery.breaker import BreakerSettings, end_probe, judge, record_failure, record_success
from doorward.delivery.contract import Delivered, Discard, Hold, Outcome, Pause, Retry, Skip, Snooze
from doorward.delivery.pauses import Scope, pause
from doorward.identities.query import load_people
from doorward.ids import new_row_id
from doorward.outbox.model import Attempt, Delivery
from doorward.outbox.settle import Verdict, settle
from doorward.outbox.states import State
from doorward.storage.contract import Transaction
from doorward.storage.failpoints import failpoint

ADDRESS_VERIFIED = "address_verified"
EXHAUSTED = "retries_exhausted"


@dataclass(frozen=True, slots=True)
class Ruled:
    """A leased delivery with its outcome. `action` is None when the configuration does not know it.

    `was_sent` tells a connector's answer from a decision made before sending. `address_verified` is what the
    decision was based on.
    """

    delivery: Delivery
    action: Action | None
    outcome: Outcome
    started_at: datetime
    ended_at: datetime
    was_sent: bool = False
    template_version: str | None = None
    address_verified: bool = False


def verdict_of(ruled: Ruled, spread: float = 0.0) -> Verdict:
    """Where the delivery goes. Total over outcomes; `spread` (0 to 1) is the random part of a retry's wait."""
    return _verdict(replace(ruled, outcome=_storable(ruled.outcome)), spread)


def _storable(outcome: Outcome) -> Outcome:
    """Words that a destination chose may hold what PostgreSQL refuses: such an answer could never be settled."""
    words = {each.name: getattr(outcome, each.name) for each in fields(outcome)}
    odd: dict[str, Any] = {
        name: printable(text) for name, text in words.items() if isinstance(text, str) and not is_plain(text)
    }
    return replace(outcome, **odd) if odd else outcome


def is_plain(text: str) -> bool:
    return text.isascii() and "\0" not in text


def printable(text: str) -> str:
    """NUL and lone surrogates become U+FFFD."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _verdict(ruled: Ruled, spread: float) -> Verdict:
    now = ruled.ended_at
    delivery_id, version = ruled.delivery.id, ruled.template_version
    match ruled.outcome:
        case Delivered(external_id=external_id, forgets=forgets):
            return Verdict(
                delivery_id,
                State.DELIVERED,
                now,
                _attempt(ruled, "delivered"),
                external_id=external_id,
                template_version=version,
                forgets=forgets,
            )
        case Retry() as retry:
            return _retried(ruled, retry, spread)
        case Snooze(code=code, reason=reason, delay_s=delay_s):
            until = now + timedelta(seconds=delay_s)
            return Verdict(
                delivery_id,
                State.PENDING,
                until,
                is_snooze=True,
                reason_code=code,
                reason=reason,
                template_version=version,
            )
        case Hold(waits_for=fact, code=code, reason=reason):
            return Verdict(delivery_id, State.HELD, now, held_for=fact, reason_code=code, reason=reason)
        case Skip(code=code, reason=reason):
            return Verdict(delivery_id, State.SKIPPED, now, reason_code=code, reason=reason, template_version=version)
        case Discard(code=code, reason=reason, forgets=forgets):
            return Verdict(
                delivery_id,
                State.DEAD,
                now,
                _attempt(ruled, "discarded"),
                reason_code=code,
                reason=reason,
                template_version=version,
                forgets=forgets,
            )


async def settle_batches(
    tx: Transaction, destination: str, batches: Sequence[Sequence[Ruled]], spread: float, breaker: BreakerSettings
) -> list[list[Ruled]]:
    """Writes what became of sends that ended at about the same time; of each batch the rows that were written.

    Rows whose lease was lost are left alone, and what was heard of them counts for nothing. A delivery may be in one
    batch only.
    """
    rows = [each for batch in batches for each in batch]
    if not rows:
        return [[] for _ in batches]
    leases = {each.delivery.id: each.delivery.lease_token for each in rows if each.delivery.lease_token is not None}
    now = max(each.ended_at for each in rows)
    verdicts = [verdict_of(each, spread) for each in rows]
    verdicts = await _unless_verified_meanwhile(tx, rows, verdicts, now)
    written = await settle(tx, destination, leases, verdicts, now)
    failpoint("delivery.middle_of_batch")
    mine = [[each for each in batch if each.delivery.id in written] for batch in batches]
    # What a worker heard that slept over its lease is old: it must neither pause what was resumed since nor close or
    # open a breaker, nor end another's probe.
    if kept := [batch for batch in mine if batch]:
        for scope, name, asked in _pauses(destination, [each for batch in kept for each in batch]):
            await pause(tx, scope, name, asked.code, asked.reason, now, asked.until_s)
        judged = [judge([each.outcome for each in batch if each.was_sent]) for batch in kept]
        await _tell_breaker(tx, destination, judged, now, breaker)
    return mine


def _pauses(destination: str, batch: Sequence[Ruled]) -> list[tuple[Scope, str, Pause]]:
    """Each destination and action once, however many rows ask for its pause."""
    asked: dict[tuple[Scope, str], Pause] = {}
    for each in batch:
        if isinstance(each.outcome, Snooze) and each.outcome.pause is not None:
            wanted = each.outcome.pause
            name = destination if wanted.scope == "destination" else each.delivery.action
            asked.setdefault((wanted.scope, name), wanted)
    return [(scope, name, wanted) for (scope, name), wanted in asked.items()]


async def _tell_breaker(
    tx: Transaction, destination: str, judged: Sequence[bool | None], now: datetime, settings: BreakerSettings
) -> None:
    """What each send told, in the order in which they ended: failures count since the last success."""
    if True not in judged and False not in judged:
        await end_probe(tx, destination, now)
        return
    since = len(judged) - judged[::-1].index(True) if True in judged else 0
    if True in judged:
        await record_success(tx, destination, now)
    for _ in range(judged[since:].count(False)):
        if await record_failure(tx, destination, now, settings) > 0:
            return


async def _unless_verified_meanwhile(
    tx: Transaction, batch: Sequence[Ruled], verdicts: Sequence[Verdict], now: datetime
) -> list[Verdict]:
    """A row must not be held for a fact that arrived between the decision and now: nothing would release it."""
    waiting = {
        each.delivery.id: each.delivery.identity_id
        for each in batch
        if isinstance(each.outcome, Hold) and each.outcome.waits_for == ADDRESS_VERIFIED and not each.address_verified
    }
    people = await load_people(tx, list(waiting.values()))
    verified = {each.identity_id for each in people.values() if each.address_verified}
    return [
        replace(each, state=State.PENDING, not_before=now, held_for=None)
        if waiting.get(each.delivery_id) in verified
        else each
        for each in verdicts
    ]


def _retried(ruled: Ruled, retry: Retry, spread: float) -> Verdict:
    """Another try, or the end: then the last reason stays readable."""
    number = ruled.delivery.attempts + 1
    now = ruled.ended_at
    when = None if ruled.action is None else next_try(ruled.action, number, now, retry.retry_after_s, spread)
    if when is None:
        reason = f"Given up after {number} tries. The last one: {retry.reason}"
        state, code, when = State.DEAD, EXHAUSTED, now
    else:
        state, code, reason = State.RETRYABLE, retry.code, retry.reason
    return Verdict(
        ruled.delivery.id,
        state,
        when,
        _attempt(ruled, "failed"),
        may_have_applied=retry.may_have_applied,
        reason_code=code,
        reason=reason,
        template_version=ruled.template_version,
    )


def _attempt(ruled: Ruled, outcome: str) -> Attempt:
    told = ruled.outcome
    return Attempt(
        id=new_row_id(),
        delivery_id=ruled.delivery.id,
        number=ruled.delivery.attempts + 1,
        started_at=ruled.started_at,
        ended_at=ruled.ended_at,
        outcome=outcome,
        http_status=getattr(told, "http_status", None),
        reason_code=getattr(told, "code", None),
        reason=getattr(told, "reason", None),
        summary=getattr(told, "summary", None),
        trace_id=ruled.delivery.trace_id,
    )
