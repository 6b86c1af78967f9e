"""From raw rows of `deliveries` and `attempts` to frozen data."""

from uuid import UUID

from doorward.outbox.model import Attempt, Delivery
from doorward.outbox.states import State
from doorward.storage.contract import Row
from doorward.storage.types import (
    read_bool,
    read_bytes,
    read_optional_time,
    read_optional_uuid,
    read_time,
    read_uuid,
)

LISTED = (
    "id, event_id, event_kind, identity_id, seq, position, action, connector, destination, state, attempts, snoozes, "
    "may_have_applied, restored, not_before, lease_owner, lease_token, lease_until, held_for, reason_code, reason, "
    "external_id, template_version, replays, trace_id, created_at, updated_at, settled_at"
)
"""Every column but the payload."""

COLUMNS = f"{LISTED}, payload"

IS_OPEN = "state IN ('pending', 'leased', 'retryable', 'held')"
"""Written as in the partial indexes: SQLite uses one only where its condition stands in the statement word for word."""

OLDEST, NEWEST = UUID(int=0), UUID(int=2**128 - 1)
"""Ids before and behind all others."""

IN_STATE = "(state, id) > (:state, :after) AND (state, id) < (:state, :before)"
"""The rows of one state between two ids, to be ordered by `state, id`: it leaves an engine nothing but the index.

With `state = :state ORDER BY id` PostgreSQL, planning for any state, walks all ids from the end and looks at each row.
"""


def read_delivery(row: Row) -> Delivery:
    """A row of LISTED or COLUMNS; without the latter the payload is empty."""
    return Delivery(
        id=read_uuid(row["id"]),
        event_id=read_uuid(row["event_id"]),
        event_kind=row["event_kind"],
        identity_id=read_uuid(row["identity_id"]),
        seq=row["seq"],
        action=row["action"],
        connector=row["connector"],
        destination=row["destination"],
        state=State(row["state"]),
        payload=read_bytes(row.get("payload", b"")),
        attempts=row["attempts"],
        snoozes=row["snoozes"],
        not_before=read_time(row["not_before"]),
        lease_owner=row["lease_owner"],
        lease_token=read_optional_uuid(row["lease_token"]),
        lease_until=read_optional_time(row["lease_until"]),
        held_for=row["held_for"],
        reason_code=row["reason_code"],
        reason=row["reason"],
        external_id=row["external_id"],
        template_version=row["template_version"],
        replays=row["replays"],
        trace_id=row["trace_id"],
        created_at=read_time(row["created_at"]),
        updated_at=read_time(row["updated_at"]),
        settled_at=read_optional_time(row["settled_at"]),
        may_have_applied=read_bool(row["may_have_applied"]),
        position=row["position"],
        is_restored=read_bool(row["restored"]),
    )


def read_attempt(row: Row) -> Attempt:
    return Attempt(
        id=read_uuid(row["id"]),
        delivery_id=read_uuid(row["delivery_id"]),
        number=row["number"],
        started_at=read_time(row["started_at"]),
        ended_at=read_time(row["ended_at"]),
        outcome=row["outcome"],
        http_status=row["http_status"],
        reason_code=row["reason_code"],
        reason=row["reason"],
        summary=row["summary"],
        trace_id=row["trace_id"],
    )
