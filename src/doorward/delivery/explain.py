"""Where is a person's contact? One time line: registered, agreed, queued, held, tried, arrived, or why not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorward.clock import Clock
from doorward.delivery.admission import Actions
from doorward.delivery.breaker import Breaker, find_breaker
from doorward.delivery.coverage import CREATED, list_arrivals, list_since, why_missing
from doorward.delivery.pauses import Paused, list_pauses
from doorward.identities.model import ConsentReceipt
from doorward.identities.query import load_people
from doorward.identities.store import list_receipts
from doorward.outbox.model import Attempt, Delivery
from doorward.outbox.query import list_attempts, list_deliveries_of_identity
from doorward.outbox.states import State
from doorward.storage.contract import Database, Row
from doorward.storage.types import read_time

HAPPENED = {
    "identity.created": "registered",
    "identity.updated": "changed",
    "identity.deleted": "deleted",
    "consent.changed": "consent changed",
    "address.verified": "address verified",
    "address.confirmed": "address proved again",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One moment. `kind`: event, consent, queued, attempt, held, ended. `text` holds no personal data."""

    at: datetime
    kind: str
    text: str
    action: str | None = None
    delivery_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the person stands with one action now: the newest delivery's state, or `uncovered`, `unexplained`."""

    action: str
    destination: str
    state: str
    text: str
    external_id: str | None = None
    delivery_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class TimeLine:
    """A person's history. `is_here` False: the identity was deleted, its deliveries tell of it still."""

    identity_id: UUID
    is_here: bool
    entries: tuple[Entry, ...]
    standings: tuple[Standing, ...]


async def explain(database: Database, actions: Actions, clock: Clock, identity_id: UUID) -> TimeLine:
    """Everything that is known about an identity's deliveries, oldest first."""
    reader = database.reader
    deliveries = await list_deliveries_of_identity(reader, identity_id)
    entries = [_event(row) for row in await _events(database, identity_id)]
    entries += [_consent(each) for each in await list_receipts(reader, identity_id)]
    for each in deliveries:
        entries += _told(each, await list_attempts(reader, each.id))
    is_here = bool(await load_people(reader, [identity_id]))
    pauses = await list_pauses(reader, clock.now())
    newest = _newest(deliveries)
    breakers = {name: await find_breaker(reader, name) for name in {each.destination for each in newest}}
    around = _Around(deliveries, pauses, breakers, clock.now())
    standings = [_standing(each, around) for each in newest]
    if is_here:
        standings += await _missing(database, actions, identity_id, {each.action for each in deliveries})
    return TimeLine(identity_id, is_here, tuple(sorted(entries, key=lambda each: each.at)), tuple(standings))


async def _events(database: Database, identity_id: UUID) -> Sequence[Row]:
    return await database.reader.fetch_all(
        "SELECT kind, occurred_at, source, flow_kind, method FROM events WHERE identity_id = :id ORDER BY seq, id",
        {"id": identity_id},
    )


def _event(row: Row) -> Entry:
    how = f"{row['flow_kind']} flow" if row["flow_kind"] else row["source"]
    method = f", {row['method']}" if row["method"] else ""
    return Entry(read_time(row["occurred_at"]), "event", f"{HAPPENED.get(row['kind'], row['kind'])} ({how}{method})")


def _consent(receipt: ConsentReceipt) -> Entry:
    answer = "yes" if receipt.granted else "no"
    return Entry(
        receipt.recorded_at,
        "consent",
        f"{answer} to {receipt.purpose} (text version {receipt.version}, {receipt.source})",
    )


def _told(delivery: Delivery, attempts: Iterable[Attempt]) -> list[Entry]:
    """One delivery's part of the line."""
    subject = f"{delivery.event_kind} for {delivery.destination}"
    made = [(delivery.created_at, "queued", f"queued: {subject}")]
    made += [(each.ended_at, "attempt", _attempt(each)) for each in attempts]
    if delivery.state is State.HELD:
        made.append((delivery.updated_at, "held", f"held: {delivery.reason or delivery.held_for}"))
    elif delivery.settled_at is not None:
        made.append((delivery.settled_at, "ended", _end(delivery)))
    elif delivery.reason and delivery.snoozes:
        made.append((delivery.updated_at, "waiting", f"waits: {delivery.reason}"))
    return [Entry(at, kind, text, delivery.action, delivery.id) for at, kind, text in made]


def _attempt(attempt: Attempt) -> str:
    status = f" with {attempt.http_status}" if attempt.http_status else ""
    reason = f": {attempt.reason}" if attempt.reason else ""
    return f"attempt {attempt.number} {attempt.outcome}{status}{reason}"


def _end(delivery: Delivery) -> str:
    if delivery.state is State.DELIVERED:
        return f"delivered{f' as {delivery.external_id}' if delivery.external_id else ''}"
    return f"{delivery.state}: {delivery.reason or delivery.reason_code or 'no reason was kept'}"


def _newest(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """The last of each action's rows."""
    return list({each.action: each for each in deliveries}.values())


@dataclass(frozen=True, slots=True)
class _Around:
    """What a delivery may wait for: the identity's other deliveries, pauses, breakers by destination."""

    deliveries: Sequence[Delivery]
    pauses: Sequence[Paused]
    breakers: Mapping[str, Breaker]
    now: datetime


def _standing(delivery: Delivery, around: _Around) -> Standing:
    text = _waits(delivery, around) if delivery.settled_at is None else _end(delivery)
    return Standing(delivery.action, delivery.destination, str(delivery.state), text, delivery.external_id, delivery.id)


def _waits(delivery: Delivery, around: _Around) -> str:
    """Why it is not there yet."""
    resting = {("destination", delivery.destination), ("action", delivery.action)}
    for pause in around.pauses:
        if (pause.scope, pause.name) in resting:
            return f"waits: {pause.scope} {pause.name} is paused: {pause.reason}"
    if delivery.state is State.HELD:
        return f"held: {delivery.reason or delivery.held_for}"
    if delivery.state is State.LEASED:
        return "is being sent"
    if (first := _held_before(delivery, around.deliveries)) is not None:
        return f"waits behind an earlier delivery, which is held: {first.reason or first.held_for}"
    open_until = around.breakers[delivery.destination].open_until
    if open_until is not None:
        when = f"again at {_moment(open_until)}" if open_until > around.now else "now"
        return f"waits: {delivery.destination} did not answer lately, and is asked {when}"
    after = f", not before {_moment(delivery.not_before)}" if delivery.not_before > around.now else ""
    return f"waits{after}{f': {delivery.reason}' if delivery.reason else ''}"


def _held_before(delivery: Delivery, deliveries: Sequence[Delivery]) -> Delivery | None:
    """`deliveries` are in the order in which they are to be sent."""
    earlier = deliveries[: [each.id for each in deliveries].index(delivery.id)]
    return next(
        (each for each in earlier if each.state is State.HELD and each.destination == delivery.destination), None
    )


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


async def _missing(database: Database, actions: Actions, identity_id: UUID, present: set[str]) -> list[Standing]:
    """Actions that answer a creation and have no row for this identity."""
    since = await list_since(database.reader)
    arrival = (await list_arrivals(database.reader, database.dialect, [identity_id])).get(identity_id)
    missing: list[Standing] = []
    for action in actions.list_actions():
        if action.trigger.event != CREATED or action.name in present:
            continue
        why = why_missing(action, arrival, since.get(action.name))
        state = "unexplained" if why is None else "uncovered"
        text = why or "A delivery should be here and is not. Please report this."
        missing.append(Standing(action.name, action.destination, state, text))
    return missing
