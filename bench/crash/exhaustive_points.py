"""The points of a scenario: counted in an undisturbed run, then died at, one after another."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from doorward.storage.failpoints import FAILPOINTS

from .exhaustive_forks import Stuck
from .exhaustive_scenarios import SCENARIOS, Scenario
from .exhaustive_world import World

KINDS: Mapping[str, str] = {
    "storage.before_write": "writes",
    "storage.before_commit": "commits",
    "storage.after_commit": "commits",
    "storage.migration_statement": "writes",
    "connector.before_call": "sends",
    "connector.after_call": "sends",
}
PASSED = re.compile(r"^failpoint (\S+) (\d+) trace ?(.*)$", re.MULTILINE)
KILLED = -9


@dataclass(frozen=True, slots=True)
class Point:
    """The n-th pass of a fail point in a scenario. `detail` tells of a write which it is."""

    scenario: str
    name: str
    number: int
    detail: str = ""

    @property
    def kind(self) -> str:
        """writes, commits, sends; or gaps, which have a name of their own."""
        return KINDS.get(self.name, "gaps")

    def __str__(self) -> str:
        return f"{self.scenario}: {self.name} {self.number} {self.detail}".rstrip()


@dataclass(frozen=True, slots=True)
class Result:
    """`died` is False where this run came by the point less often than the counted one did."""

    point: Point
    died: bool
    violations: tuple[str, ...]


def count_points(prepared: Mapping[str, World], folder: Path) -> list[Point]:
    """One undisturbed run of each scenario. Raises Stuck if that alone breaks a promise."""
    points: list[Point] = []
    for scenario in SCENARIOS:
        world = prepared[scenario.begins_in].copy_to(folder / f"count-{scenario.name}", _name("count", scenario.name))
        try:
            world.start_portal()
            scenario.run(world, ",".join(f"{name}=trace" for name in FAILPOINTS))
            passes = PASSED.findall(world.log.read_text())
            wrong = scenario.finish(world, prepared)
        except Stuck as stuck:
            raise Stuck(f"{scenario.name}, undisturbed: {stuck}\n{world.tell()}") from None
        finally:
            world.stop()
            world.store.drop()
        if wrong:
            raise Stuck(f"{scenario.name}, undisturbed: {'; '.join(wrong)}")
        points += [Point(scenario.name, name, int(number), detail) for name, number, detail in passes]
    return points


def sample(points: Sequence[Point], size: int, seed: int) -> list[Point]:
    """At most `size` of them: every named gap, the first of each kind in each scenario, the others by lot."""
    firsts = {(each.scenario, each.name): each for each in reversed(points)}
    sure = [each for each in points if each.kind == "gaps" or each in firsts.values()]
    rest = [each for each in points if each not in sure]
    drawn = random.Random(seed).sample(rest, max(0, min(len(rest), size - len(sure))))
    return [each for each in points if each in sure or each in drawn]


def die_at(point: Point, prepared: Mapping[str, World], folder: Path) -> Result:
    """Runs the scenario until it dies there, starts everything again, and judges."""
    scenario = next(each for each in SCENARIOS if each.name == point.scenario)
    name = _name(point.scenario, point.name, str(point.number))
    world = prepared[scenario.begins_in].copy_to(folder / name, name)
    try:
        world.start_portal()
        died = _die(world, scenario, point)
        wrong = scenario.finish(world, prepared)
    except (Stuck, OSError) as stuck:
        died, wrong = True, [f"stuck: {stuck}\n{world.tell()}"]
    finally:
        world.stop()
        world.store.drop()
    return Result(point, died, tuple(wrong))


def _die(world: World, scenario: Scenario, point: Point) -> bool:
    armed = scenario.run(world, f"{point.name}=kill@{point.number}")
    died = armed.poll() == KILLED
    armed.kill()
    return died


def _name(*parts: str) -> str:
    return re.sub(r"\W", "_", "_".join(parts))
