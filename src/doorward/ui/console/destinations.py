"""How each destination is: paused or not, breaker, calls used, last answer and failure, what waits for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.delivery.breaker import CLOSED
from doorward.delivery.destinations import TRIES_LOOKED_AT, Health, list_health, list_names
from doorward.delivery.pauses import Paused, list_pauses
from doorward.outbox.states import State
from doorward.outbox.tally import Tally, count_state
from doorward.ui.console.commands import Command, Commands
from doorward.ui.console.door import Door, Guest
from doorward.ui.console.house import House
from doorward.ui.console.pages import ConsolePages

COUNTED = (State.PENDING, State.LEASED, State.RETRYABLE, State.HELD, State.DEAD)


@dataclass(frozen=True, slots=True)
class Card:
    """A destination. `kind` is ok, wait or bad and `word` says it; `counts` are `(state, number, is_capped)`."""

    name: str
    connector: str
    kind: str
    word: str
    health: Health
    breaker: str
    actions: tuple[str, ...]
    pauses: tuple[Paused, ...]
    counts: tuple[tuple[State, int, bool], ...]
    commands: tuple[Command, ...]


class DestinationsScreen:
    """/console/destinations"""

    def __init__(self, house: House, door: Door, pages: ConsolePages) -> None:
        self._house = house
        self._door = door
        self._pages = pages

    def routes(self) -> list[Route]:
        return [Route("/console/destinations", self._door.guarded(self.show), include_in_schema=False)]

    async def show(self, _request: Request, guest: Guest) -> Response:
        house = self._house
        now = house.clock.now()
        names = list(dict.fromkeys([*house.destinations, *await list_names(house.database)]))
        health = await list_health(house.database, house.clock, names)
        pauses = await list_pauses(house.database.reader, now)
        tallies = {state: await count_state(house.database, state) for state in COUNTED}
        return self._pages.page(
            "destinations.html",
            "destinations",
            guest.csrf,
            cards=[make_card(each, pauses, tallies, house, now) for each in health],
            looked_at=TRIES_LOOKED_AT,
            connect=house.commands.of("Connect HubSpot", "hubspot", "connect"),
        )


def make_card(
    health: Health, pauses: Sequence[Paused], tallies: Mapping[State, Tally], house: House, now: datetime
) -> Card:
    """Everything about one destination, and of the actions that send to it."""
    actions = tuple(each.name for each in house.actions.list_actions() if each.destination == health.name)
    own = tuple(
        each
        for each in pauses
        if (each.scope == "destination" and each.name == health.name)
        or (each.scope == "action" and each.name in actions)
    )
    counts = tuple((state, tally.of(destination=health.name), tally.is_capped) for state, tally in tallies.items())
    kind, word = _word(health, own, now)
    return Card(
        name=health.name,
        connector=house.connectors.get(health.name, "web_hook" if actions else ""),
        kind=kind,
        word=word,
        health=health,
        breaker=health.breaker.state(now),
        actions=actions,
        pauses=own,
        counts=counts,
        commands=_commands(own, house.commands),
    )


def _word(health: Health, pauses: Sequence[Paused], now: datetime) -> tuple[str, str]:
    own = [each for each in pauses if each.scope == "destination"]
    if any(each.until is None for each in own):
        return "bad", "paused until you resume it"
    if own:
        return "wait", "paused for a while"
    if health.breaker.state(now) != CLOSED:
        return "wait", "does not answer"
    if pauses:
        return "wait", "an action is paused"
    if health.last_answer is None and health.last_failure is None:
        return "none", "not used lately"
    return "ok", "works"


def _commands(pauses: Sequence[Paused], commands: Commands) -> tuple[Command, ...]:
    return tuple(
        command for each in pauses if each.until is None for command in commands.for_pause(each.scope, each.name)
    )
