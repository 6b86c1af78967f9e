"""The first screen: is everything delivered? The answer, what stands in the way with the step to take, the numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.delivery.breaker import CLOSED
from doorward.delivery.destinations import Health, list_health
from doorward.delivery.pauses import Paused, list_pauses
from doorward.ids import new_row_id
from doorward.outbox.queues import list_oldest_waiting
from doorward.outbox.rows import OLDEST
from doorward.outbox.states import OPEN, WAITING, State
from doorward.outbox.tally import LIMIT, Place, Tally, count_state
from doorward.ui.console.commands import Command, Commands
from doorward.ui.console.door import Door, Guest
from doorward.ui.console.house import House
from doorward.ui.console.look import Verdict
from doorward.ui.console.moments import span
from doorward.ui.console.pages import ConsolePages

DAY_MS = 24 * 3600 * 1000
EVER = (*(state for state in State if state in OPEN), State.DEAD)
LATELY = (State.DELIVERED, State.SKIPPED, State.CANCELLED)
"""Counted for a day: these pile up, and nobody has to do anything about them."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something to do. `kind` is wait or bad."""

    kind: str
    title: str
    text: str
    commands: Sequence[Command] = ()
    link: str = ""
    icon: str = "alert"


@dataclass(frozen=True, slots=True)
class Numbers:
    """What was counted; `oldest` is since when the oldest waiting row waits."""

    tallies: Mapping[State, Tally]
    oldest: datetime | None = None

    def total(self, *states: State) -> int:
        return sum(self.tallies[state].total for state in states)

    def places(self) -> list[Place]:
        """Actions with their destinations that have any row."""
        return sorted({place for tally in self.tallies.values() for place in tally.counts})


class OverviewScreen:
    """/console/"""

    def __init__(self, house: House, door: Door, pages: ConsolePages) -> None:
        self._house = house
        self._door = door
        self._pages = pages

    def routes(self) -> list[Route]:
        return [
            Route("/console", self._door.guarded(self.show), include_in_schema=False),
            Route("/console/", self._door.guarded(self.show), include_in_schema=False),
        ]

    async def show(self, _request: Request, guest: Guest) -> Response:
        house = self._house
        now = house.clock.now()
        numbers = await count_numbers(house)
        health = await list_health(house.database, house.clock, house.destinations)
        pauses = await list_pauses(house.database.reader, now)
        troubles = find_troubles(numbers, pauses, health, house, now)
        return self._pages.page(
            "overview.html",
            "overview",
            guest.csrf,
            verdict=judge(numbers, troubles, now),
            troubles=troubles,
            numbers=numbers,
            columns=[(state, state in LATELY) for state in (*EVER, *LATELY)],
            places=places_of(house, numbers),
            counted=LIMIT,
            is_capped=any(each.is_capped for each in numbers.tallies.values()),
            accounting=house.commands.for_accounting() if "hubspot" in house.connectors.values() else [],
            connect=house.commands.of("Connect HubSpot", "hubspot", "connect"),
            public_url=house.public_url,
        )


async def count_numbers(house: House) -> Numbers:
    """Reads indexes only, each up to its bound."""
    day_ago = UUID(int=max(0, (new_row_id().int >> 80) - DAY_MS) << 80)
    tallies = {state: await count_state(house.database, state, after=OLDEST) for state in EVER}
    tallies |= {state: await count_state(house.database, state, after=day_ago) for state in LATELY}
    oldest = await list_oldest_waiting(house.database.reader, house.database.dialect)
    return Numbers(tallies, min(oldest.values(), default=None))


def places_of(house: House, numbers: Numbers) -> list[Place]:
    """A line of the table for each configured action and for each that only its rows tell of."""
    configured = [(each.name, each.destination) for each in house.actions.list_actions()]
    return list(dict.fromkeys([*configured, *numbers.places()]))


def find_troubles(
    numbers: Numbers, pauses: Sequence[Paused], health: Sequence[Health], house: House, now: datetime
) -> list[Trouble]:
    """The worst first."""
    commands = house.commands
    troubles = [pause_trouble(each, commands, now) for each in pauses]
    paused = {each.name for each in pauses if each.scope == "destination"}
    troubles += [
        breaker_trouble(each, now) for each in health if each.breaker.state(now) != CLOSED and each.name not in paused
    ]
    dead = numbers.tallies[State.DEAD]
    if dead.total:
        text = "Each has its reason. Nothing else waits behind them."
        troubles.append(
            Trouble("bad", f"{amount(dead)} given up", text, commands.for_dead(), "/console/deliveries?state=dead")
        )
    held = numbers.tallies[State.HELD]
    # Behind something held or paused waiting is as it should be.
    is_late = numbers.oldest is not None and now - numbers.oldest > house.waits_long
    if numbers.oldest is not None and is_late and not troubles and not held.total:
        text = "Nothing is paused. Is a dispatcher running? The oldest ones tell what they wait for."
        title = f"The oldest has waited for {span(now - numbers.oldest)}"
        troubles.append(Trouble("wait", title, text, (), "/console/deliveries?state=waiting", "clock"))
    if held.total:
        text = "What is held goes on by itself once the fact that it waits for is there, usually a verified address."
        troubles.append(Trouble("wait", f"{amount(held)} held", text, (), "/console/deliveries?state=held", "hand"))
    return troubles


def pause_trouble(pause: Paused, commands: Commands, now: datetime) -> Trouble:
    """A pause ends by itself or waits for a person."""
    title = f"The {pause.scope} {pause.name} is paused"
    if pause.until is not None:
        return Trouble("wait", title, f"{pause.reason} It resumes by itself in {span(pause.until - now)}.")
    return Trouble("bad", title, f"{pause.reason} Its queue is kept.", commands.for_pause(pause.scope, pause.name))


def breaker_trouble(health: Health, now: datetime) -> Trouble:
    """The destination does not answer as it should; delivery tries by itself whether it is back."""
    failures = f"{health.breaker.failures} sends in a row have failed."
    last = f" The last one: {health.last_failure.reason}" if health.last_failure and health.last_failure.reason else ""
    until = health.breaker.open_until
    again = f" Tried again in {span(until - now)}." if until is not None and until > now else " A try is due now."
    return Trouble("wait", f"{health.name} does not answer", f"{failures}{last}{again} The queue is kept.")


def amount(tally: Tally) -> str:
    """`1 delivery is`, `3 deliveries are`, `5001 deliveries or more are`."""
    if tally.total == 1:
        return "1 delivery is"
    return f"{tally.total - tally.is_capped:,}{' or more' if tally.is_capped else ''} deliveries are"


def judge(numbers: Numbers, troubles: Sequence[Trouble], now: datetime) -> Verdict:
    """The answer to "is everything delivered?"."""
    waiting = numbers.total(*WAITING)
    since = "" if numbers.oldest is None else f" The oldest has waited for {span(now - numbers.oldest)}."
    if any(each.kind == "bad" for each in troubles):
        return Verdict(
            "bad", "Something needs you", f"Not everything is delivered, and some of it waits for you.{since}"
        )
    if troubles:
        return Verdict("wait", "Not everything is delivered", f"Nothing is lost, and nothing was given up.{since}")
    if waiting:
        return Verdict(
            "wait", "On their way", f"{waiting:,} waiting to be sent, and nothing stands in their way.{since}"
        )
    if not numbers.places():
        return Verdict("none", "Nothing has been sent yet", "")
    return Verdict("ok", "Everything is delivered", "Nothing waits, nothing is held, nothing was given up.")
