"""All cells: every fault in every situation, under the simulator's defaults and under each other value of a switch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from doorward.errors import DoorwardError
from faults.kinds import FAULTS
from faults.play import Cell, play
from faults.situations import SITUATIONS
from faults.town import Town
from portalsim.problems import Problem
from portalsim.switches import SWITCHES

Switches = Mapping[str, str]
DEFAULTS: Switches = {}
NUMBERS: Mapping[str, Sequence[str]] = {
    "concurrent_calls": ("1",),
    "batch_latency_ms": ("2000",),
    "search_lag_ms": ("0",),
}
"""The values, other than the default, that a number is given."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A cell that broke a promise."""

    fault: str
    situation: str
    switches: Switches
    reason: str

    def __str__(self) -> str:
        return f"{self.fault} × {self.situation}, {named(self.switches)}: {self.reason}"


COMPANIONS: Mapping[str, Switches] = {"concurrent_calls": {"batch_latency_ms": "2000"}}
"""Calls that take no time never meet."""


def variants() -> Iterator[Switches]:
    """One switch off its default at a time, with what it needs to matter."""
    for switch in SWITCHES:
        for value in NUMBERS[switch.name] if switch.is_number else switch.choices[1:]:
            yield {switch.name: value, **COMPANIONS.get(switch.name, {})}


def named(switches: Switches) -> str:
    """`defaults`, or `name=value`."""
    return ", ".join(f"{name}={value}" for name, value in switches.items()) or "defaults"


async def play_all(
    town: Town, columns: Sequence[Switches], on_column: Callable[[Switches], None]
) -> tuple[list[Cell], list[Failure]]:
    """Every cell under each setting of the switches; `on_column` is told when one is through."""
    cells: list[Cell] = []
    failures: list[Failure] = []
    for switches in columns:
        for fault in FAULTS:
            for situation in SITUATIONS:
                try:
                    cells.append(await play(town, fault, situation, switches))
                except (AssertionError, DoorwardError, Problem) as failed:
                    reason = f"{type(failed).__name__}: {failed}"
                    failures.append(Failure(fault.name, situation.name, switches, reason))
        on_column(switches)
    return cells, failures
