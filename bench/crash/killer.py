"""The killer: strikes by the plan, notices who died or fell asleep by a fail point, and starts them all again."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from running import request

from .commands import Commands
from .house import House
from .plan import COMMAND, SIMULATOR, Blow
from .victims import ProcessVictim, Victim

TICK_S = 0.02
PATIENCE_S = 15.0
"""So long a blow waits for its victim to be at work; then it hits whatever is there."""
SIGKILLED = -9
WAKING_S = 1.0
"""So long a process may be on its way out of its sleep."""


@dataclass
class Killer:
    """`kills` by what was killed; `stops` are the spans in which something slept; `falls` ends that nobody caused.

    `sleeps` counts who was put to sleep, `faults` what HubSpot was told to do wrong.
    """

    house: House
    commands: Commands
    plan: Iterator[Blow]
    naps: Iterator[float]
    kills: Counter[str] = field(default_factory=Counter)
    sleeps: Counter[str] = field(default_factory=Counter)
    stops: list[tuple[float, float]] = field(default_factory=list)
    falls: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def log(self) -> Path:
        return self.house.folder / "killer.log"

    def run(self, wanted: int, tell: Callable[[int], None]) -> None:
        """Until so many kills; then all that sleep are awake."""
        while self.kills.total() < wanted:
            blow = next(self.plan)
            self._wait(blow.wait_s)
            self._arm(blow)
            self._strike(blow)
            tell(self.kills.total())
        for each in self.house.processes:
            if each.is_frozen:
                self._thaw(each)

    def _note(self, text: str) -> None:
        with self.log.open("a") as log:
            log.write(f"{datetime.now(UTC):%H:%M:%S.%f} {text}\n")

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._look()
            time.sleep(TICK_S)

    def _look(self) -> None:
        """Everyone that ended comes back, everyone that has slept enough wakes."""
        for each in self.house.processes:
            if each.exit_code is not None:
                self._fell(each)
            elif each.thaw_at is not None and time.time() >= each.thaw_at:
                self._thaw(each)
            elif each.thaw_at is None and time.time() > each.woken_at + WAKING_S and each.is_frozen:
                self.sleeps[f"fail point {each.next_life.partition('=')[0]}"] += 1
                self._note(f"{each.name} sleeps by {each.next_life}")
                each.will_thaw(next(self.naps))

    def _fell(self, victim: ProcessVictim) -> None:
        point = victim.next_life.partition("=")[0]
        if victim.exit_code == SIGKILLED and point:
            self.kills[f"fail point {point}"] += 1
        else:
            self.falls[f"{victim.name.partition(' ')[0]} exit {victim.exit_code}"] += 1
        self._note(f"{victim.name} ended ({victim.exit_code}, {victim.next_life or 'no fail point'}), starts again")
        victim.revive("")

    def _thaw(self, victim: ProcessVictim) -> None:
        self.stops.append(victim.thaw())
        self._note(f"{victim.name} wakes")

    def _arm(self, blow: Blow) -> None:
        if blow.fault is None or not self.house.victims[SIMULATOR][0].is_up:
            return
        try:
            request("POST", f"{self.house.simulator.url}/_sim/faults", blow.fault)
        except OSError:
            return  # the simulator is down: fault enough
        self._note(f"HubSpot: {blow.fault}")
        self.faults[str(blow.fault["kind"])] += 1

    def _strike(self, blow: Blow) -> None:
        if blow.victim == COMMAND:
            self._strike_command()
            return
        victim = self._chosen(blow)
        self._await(victim)
        if isinstance(victim, ProcessVictim) and blow.is_stop:
            if victim.exit_code is None and not victim.is_frozen:
                self._note(f"{victim.name} sleeps for {blow.frozen_s:.1f} s")
                victim.freeze(blow.frozen_s)
                self.sleeps[blow.victim] += 1
            return
        if isinstance(victim, ProcessVictim) and victim.exit_code is not None:
            return  # a fail point was quicker; the next look sees it
        if isinstance(victim, ProcessVictim) and victim.is_frozen:
            self.stops.append((victim.frozen_since or time.time(), time.time()))
        self._note(f"{victim.name} is killed, next life: {blow.next_life or 'no fail point'}")
        victim.kill()
        self.kills[blow.victim] += 1
        victim.revive(blow.next_life)

    def _chosen(self, blow: Blow) -> Victim:
        """The one of the plan, unless a fail point lies ahead of it and a sibling has none: it is to get there."""
        group = self.house.victims[blow.victim]
        in_turn = group[blow.number :] + group[: blow.number]
        free = [each for each in in_turn if not (isinstance(each, ProcessVictim) and each.next_life)]
        return (free or in_turn)[0]

    def _strike_command(self) -> None:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            if self.commands.kill_one():
                self._note("a command is killed")
                self.kills[COMMAND] += 1
                return
            self._wait(TICK_S)

    def _await(self, victim: Victim) -> None:
        end = time.monotonic() + PATIENCE_S
        while not victim.is_up and time.monotonic() < end:
            if isinstance(victim, ProcessVictim) and victim.is_frozen:
                return
            self._wait(TICK_S)
