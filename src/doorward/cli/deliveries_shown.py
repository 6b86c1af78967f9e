"""How deliveries look on a terminal and as JSON. Never the payload."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from doorward.cli.output import print_facts, print_table, say
from doorward.clock import rfc3339
from doorward.outbox.model import Attempt, Delivery
from doorward.outbox.states import State

REASON_CHARS = 70


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """Keys are only ever added."""
    return {
        "id": str(delivery.id),
        "event": delivery.event_kind,
        "event_id": str(delivery.event_id),
        "identity_id": str(delivery.identity_id),
        "seq": delivery.seq,
        "action": delivery.action,
        "connector": delivery.connector,
        "destination": delivery.destination,
        "state": str(delivery.state),
        "attempts": delivery.attempts,
        "snoozes": delivery.snoozes,
        "replays": delivery.replays,
        "not_before": rfc3339(delivery.not_before),
        "held_for": delivery.held_for,
        "reason_code": delivery.reason_code,
        "reason": delivery.reason,
        "external_id": delivery.external_id,
        "may_have_applied": delivery.may_have_applied,
        "template_version": delivery.template_version,
        "trace_id": delivery.trace_id,
        "created_at": rfc3339(delivery.created_at),
        "updated_at": rfc3339(delivery.updated_at),
        "settled_at": None if delivery.settled_at is None else rfc3339(delivery.settled_at),
    }


def attempt_json(attempt: Attempt) -> dict[str, Any]:
    """Keys are only ever added."""
    return {
        "id": str(attempt.id),
        "number": attempt.number,
        "started_at": rfc3339(attempt.started_at),
        "ended_at": rfc3339(attempt.ended_at),
        "outcome": attempt.outcome,
        "http_status": attempt.http_status,
        "reason_code": attempt.reason_code,
        "reason": attempt.reason,
        "summary": attempt.summary,
        "trace_id": attempt.trace_id,
    }


def tell_list(found: Sequence[Delivery], counts: Mapping[State, int]) -> None:
    """A table, and the number of each state that has any."""
    columns = ("id", "state", "event", "action", "destination", "tries", "queued", "reason or result")
    print_table(
        columns,
        [
            (
                each.id,
                each.state,
                each.event_kind,
                each.action,
                each.destination,
                each.attempts,
                f"{each.created_at:%Y-%m-%d %H:%M:%S}",
                _short(each.external_id or each.reason or ""),
            )
            for each in found
        ],
    )
    told = [f"{number} {state}" for state, number in counts.items() if number]
    if told:
        say(", ".join(told))


def tell_delivery(delivery: Delivery, attempts: Sequence[Attempt], context: Any) -> None:
    """Everything about one; the context only where it was revealed."""
    print_facts({name: value for name, value in delivery_json(delivery).items() if value is not None})
    if attempts:
        rows = [
            (
                each.number,
                f"{each.started_at:%Y-%m-%d %H:%M:%S}",
                f"{(each.ended_at - each.started_at).total_seconds():.3f} s",
                each.outcome,
                each.http_status,
                each.reason or each.summary,
            )
            for each in attempts
        ]
        print_table(("try", "at", "took", "outcome", "status", "reason"), rows)
    if context is not None:
        say(orjson.dumps(context, option=orjson.OPT_INDENT_2).decode())


def tell_change(delivery: Delivery) -> None:
    """One line of `tail`."""
    result = delivery.external_id or delivery.reason or ""
    say(
        f"{delivery.updated_at:%H:%M:%S}  {delivery.state:<9}  {delivery.event_kind} → {delivery.destination}  "
        f"{delivery.id}  {_short(result)}".rstrip()
    )


def _short(text: str) -> str:
    return text if len(text) <= REASON_CHARS else f"{text[: REASON_CHARS - 1]}…"
