"""One delivery: where it stands, its tries one after another, what may be done. Its payload is not shown here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.delivery.breaker import CLOSED, find_breaker
from doorward.delivery.pauses import Paused, list_pauses
from doorward.delivery.replay import DeliveryNotFound
from doorward.outbox.model import Attempt, Delivery
from doorward.outbox.query import find_delivery, list_attempts
from doorward.outbox.states import WAITING, State
from doorward.ui.console.door import Door, Guest
from doorward.ui.console.house import House
from doorward.ui.console.pages import ConsolePages


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of a delivery's life. `kind` is ok, wait, bad or none; `summary` names request and answer."""

    at: datetime
    icon: str
    kind: str
    title: str
    reason: str = ""
    summary: str = ""


class DeliveryScreen:
    """/console/deliveries/{id}"""

    def __init__(self, house: House, door: Door, pages: ConsolePages) -> None:
        self._house = house
        self._door = door
        self._pages = pages

    def routes(self) -> list[Route]:
        return [Route("/console/deliveries/{id}", self._door.guarded(self.show), include_in_schema=False)]

    async def show(self, request: Request, guest: Guest) -> Response:
        house = self._house
        reader, now = house.database.reader, house.clock.now()
        found = await find_delivery(reader, _read_id(request.path_params["id"]))
        if found is None:
            raise DeliveryNotFound("There is no delivery with this id. The list shows those that there are.")
        attempts = await list_attempts(reader, found.id)
        pauses = [] if found.settled_at is not None else await list_pauses(reader, now)
        return self._pages.page(
            "delivery.html",
            "deliveries",
            guest.csrf,
            delivery=found,
            steps=steps_of(found, attempts, now, is_away=await self._is_away(found)),
            pauses=pauses_of(found, pauses),
            contacts=[
                each
                for each in await house.contacts.list_contacts(found.identity_id)
                if each.destination == found.destination and each.id == found.external_id
            ],
            commands=house.commands.for_delivery(found),
        )

    async def _is_away(self, delivery: Delivery) -> bool:
        breaker = await find_breaker(self._house.database.reader, delivery.destination)
        return breaker.state(self._house.clock.now()) != CLOSED


def pauses_of(delivery: Delivery, pauses: Sequence[Paused]) -> list[Paused]:
    """Those that it waits for."""
    own = {("destination", delivery.destination), ("action", delivery.action)}
    return [each for each in pauses if (each.scope, each.name) in own]


def steps_of(delivery: Delivery, attempts: Sequence[Attempt], now: datetime, *, is_away: bool = False) -> list[Step]:
    """From queued to where it is now, oldest first. `is_away`: its destination does not answer at the moment."""
    steps = [Step(delivery.created_at, "clock", "none", f"Queued: {delivery.event_kind}")]
    steps += [attempt_step(each) for each in attempts]
    last = _last(delivery, now, is_away=is_away)
    return [*steps, last] if last is not None else steps


def attempt_step(attempt: Attempt) -> Step:
    """A try with how long it took and what was answered."""
    is_good = attempt.outcome == "delivered"
    took_ms = (attempt.ended_at - attempt.started_at).total_seconds() * 1000
    answer = "no answer" if attempt.http_status is None and not is_good else ""
    status = f"answer {attempt.http_status}" if attempt.http_status is not None else answer
    told = ", ".join(part for part in (status, f"{took_ms:,.0f} ms") if part)
    kind = "ok" if is_good else ("bad" if attempt.outcome == "discarded" else "wait")
    icon = "tick" if is_good else ("cross" if kind == "bad" else "again")
    return Step(
        attempt.ended_at,
        icon,
        kind,
        f"Try {attempt.number}: {attempt.outcome} ({told})",
        attempt.reason or "",
        attempt.summary or "",
    )


def _last(delivery: Delivery, now: datetime, *, is_away: bool) -> Step | None:
    """What its attempts do not tell: a decision, an end, or what comes next."""
    reason = delivery.reason or ""
    match delivery.state:
        case State.HELD:
            return Step(delivery.updated_at, "hand", "wait", f"Held for: {delivery.held_for}", reason)
        case State.SKIPPED | State.CANCELLED:
            at = delivery.settled_at or delivery.updated_at
            return Step(at, "skip", "none", str(delivery.state).capitalize(), reason)
        case State.DEAD:
            at = delivery.settled_at or delivery.updated_at
            return Step(at, "cross", "bad", "Given up", reason)
        case State.LEASED:
            return Step(delivery.updated_at, "send", "wait", "Is being sent", f"By {delivery.lease_owner}.")
    if delivery.state in WAITING and delivery.not_before > now:
        return Step(delivery.not_before, "clock", "wait", "Next try", reason)
    if delivery.state in WAITING:
        title = f"Due as soon as {delivery.destination} answers again" if is_away else "Due now"
        return Step(now, "clock", "wait", title, reason)
    return None


def _read_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise DeliveryNotFound("That is no id of a delivery.") from None
