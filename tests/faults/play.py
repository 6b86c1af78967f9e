"""Plays one cell: strikes, lets time pass, takes the steps that reasons tell, until nothing is left to send."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from doorward.delivery.breaker import find_breaker
from doorward.delivery.pauses import list_pauses
from doorward.outbox.model import Delivery
from doorward.outbox.states import ENDED, State
from faults.kinds import Fault
from faults.situations import Situation
from faults.steps import STEPS
from faults.town import HUBSPOT, Person, Town
from faults.verdict import violations

LONGEST = timedelta(days=3)
ROUNDS = 300
PERSON_S = 120.0
"""How long somebody takes to read the reason and to do what it says."""


class CellFailed(AssertionError):
    """A cell that broke a promise; the text says which."""


@dataclass(frozen=True, slots=True)
class Stop:
    """What waits for a person: `state` paused, held or dead, with the reason as it is shown."""

    state: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cell:
    """How one cell went.

    `steps` are what stopped it and the step that a person then took; `tries` the most that a delivery needed; `took`
    until the last one ended, None where it depends on which dispatcher came first; `ends` the ways in which deliveries
    ended. `is_hit` False: there was no call that the fault could spoil.
    """

    fault: str
    situation: str
    switches: Mapping[str, str]
    tries: int
    took: timedelta | None
    steps: tuple[Stop, ...]
    ends: tuple[str, ...]
    is_hit: bool

    @property
    def ending(self) -> str:
        """What stopped it, the steps, and how it ended."""
        stops = [f"{each.state}: {each.code} → {STEPS[each.code].short}" for each in self.steps]
        missed = [] if self.is_hit else ["*not hit*"]
        return "; ".join([*missed, *stops, ", ".join(self.ends)])

    @property
    def course(self) -> str:
        """What happened, without how long it took."""
        return f"{self.ending}, {self.tries} {'try' if self.tries == 1 else 'tries'}"

    @property
    def text(self) -> str:
        """One cell of the page."""
        return f"{self.course}, {duration(self.took)}" if self.took else self.course


async def play(town: Town, fault: Fault, situation: Situation, switches: Mapping[str, str]) -> Cell:
    """Raises CellFailed."""
    await town.reset(switches, situation.dispatchers)
    refuser = await town.turn_down("Nil")
    await situation.prepare(town)
    known = {each.id for each in await town.deliveries()}
    began = town.clock.now()
    fault.strike(town, situation)
    ends_at = None if fault.lasts_s is None else began + timedelta(seconds=fault.lasts_s)
    await situation.act(town)
    steps: list[Stop] = []
    for _ in range(ROUNDS):
        await town.dispatch()
        rows = await town.deliveries()
        if await _step(town, rows, steps):
            continue
        if all(row.state in ENDED for row in rows):
            break
        await _let_time_pass(town, rows, ends_at)
        if town.clock.now() - began > LONGEST:
            raise CellFailed(f"still {[(row.state, row.reason) for row in rows]} after {LONGEST}")
    else:
        raise CellFailed(f"no end after {ROUNDS} rounds: {[(row.state, row.reason) for row in rows]}")
    rows = [row for row in await town.deliveries() if row.id not in known]
    broken = violations(town, refuser, rows)
    if broken:
        raise CellFailed(f"{'; '.join(broken)}; {[(row.state, row.reason) for row in rows]}")
    return Cell(
        fault.name,
        situation.name,
        switches,
        max(row.attempts for row in rows),
        max(row.settled_at or began for row in rows) - began if situation.dispatchers == 1 else None,
        tuple(dict.fromkeys(steps)),
        tuple(dict.fromkeys(_end(row) for row in rows)),
        not town.is_missed and all(each.hits for each in town.nearby.portal.faults.list_all()),
    )


def _end(row: Delivery) -> str:
    if row.state is State.DELIVERED:
        return "arrived"
    return f"{row.state}: {row.reason_code}"


async def _step(town: Town, rows: list[Delivery], steps: list[Stop]) -> bool:
    """Takes the first step that somebody is told to take; False when nobody is told anything."""
    people = {each.id: each for each in town.people}
    for pause in await list_pauses(town.database.reader, town.clock.now()):
        if pause.until is None:
            row = next(row for row in rows if row.state not in ENDED)
            await _take(town, people[row.identity_id], row, Stop("paused", pause.code, pause.reason), steps)
            return True
    for row in rows:
        if row.state in {State.HELD, State.DEAD}:
            stop = Stop(str(row.state), row.reason_code or "", row.reason or "")
            await _take(town, people[row.identity_id], row, stop, steps)
            return True
    return False


async def _take(town: Town, person: Person, row: Delivery, stop: Stop, steps: list[Stop]) -> None:
    step = STEPS.get(stop.code)
    if step is None or step.told not in stop.reason:
        raise CellFailed(f"{stop.state}: {stop.code}: no step that this test can take: {stop.reason}")
    if steps.count(stop) > len(town.people):
        raise CellFailed(f"{stop.state}: {stop.code}: the step does not help: {stop.reason}")
    steps.append(stop)
    town.clock.move(seconds=PERSON_S)
    await step.take(town, person, row)


async def _let_time_pass(town: Town, rows: list[Delivery], ends_at: datetime | None) -> None:
    """To the next moment at which anything may happen, as a dispatcher that polls would find it."""
    now = town.clock.now()
    breaker = await find_breaker(town.database.reader, HUBSPOT)
    moments = [row.lease_until or row.not_before for row in rows if row.state not in ENDED]
    moments += [each.until for each in await list_pauses(town.database.reader, now) if each.until is not None]
    moments += [each for each in (ends_at, breaker.open_until) if each is not None]
    town.clock.moment = min((each for each in moments if each > now), default=now + timedelta(seconds=1))
    if ends_at is not None and town.clock.now() >= ends_at:
        await town.nearby.door.open()


def duration(span: timedelta) -> str:
    """`5 s`, `12 min`, `27 h`: what a reader needs."""
    seconds = span.total_seconds()
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
