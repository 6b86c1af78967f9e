"""The exhaustive run: one sign-up, one batch, one rescue, a change, a deletion, and a death at every point of them.

`python -m bench.crash.exhaustive --database sqlite|postgresql` counts the writes, commits and sends of an undisturbed
run, dies at each in turn, starts again, lets all settle and has the verifier judge. It exits 1 if anything is wrong.
"""

import argparse
import contextlib
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from postgres_server import running_postgres

from .exhaustive_engines import FILE, PostgresStore, SqliteStore, Store
from .exhaustive_points import Point, Result, count_points, die_at, sample
from .exhaustive_scenarios import SCENARIOS, prepare

COLUMNS = ("writes", "commits", "sends", "gaps")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.crash.exhaustive", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--sample", type=int, default=0, help="only so many points, the named gaps among them; 0: all")
    parser.add_argument("--seed", type=int, default=1, help="which sample")
    parser.add_argument("--at-once", type=int, default=5, help="worlds that live side by side")
    parser.add_argument("--only", default="", help="only the points whose line contains this")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="keep the result here")
    arguments = parser.parse_args()
    begun = time.monotonic()
    with folder_and_store(arguments.database) as (folder, store):
        prepared = prepare(folder / "prepared", store)
        points = [each for each in count_points(prepared, folder) if arguments.only in str(each)]
        chosen = sample(points, arguments.sample, arguments.seed) if arguments.sample else points
        results = run(chosen, partial(die_at, prepared=prepared, folder=folder), arguments.at_once)
    print(table(arguments.database, points, results))
    print(f"in {time.monotonic() - begun:.0f} s")
    if arguments.json is not None:
        told = to_json(arguments.database, chosen, results) | {"seconds": round(time.monotonic() - begun, 1)}
        arguments.json.write_text(json.dumps(told, indent=2) + "\n")
    return 1 if any(each.violations for each in results) else 0


@contextlib.contextmanager
def folder_and_store(database: str) -> Iterator[tuple[Path, Store]]:
    """A place for all worlds, and the first database, empty."""
    folder = Path(tempfile.mkdtemp(prefix="doorward-exhaustive-"))
    try:
        if database == "sqlite":
            (folder / "prepared/base").mkdir(parents=True)
            yield folder, SqliteStore(folder / "prepared/base" / FILE)
            return
        with running_postgres() as server:
            server.create_database("base")
            yield folder, PostgresStore(server.dsn(""), "base")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(points: Sequence[Point], die: Callable[[Point], Result], at_once: int) -> list[Result]:
    """Side by side in processes of their own: what forks must have no threads."""
    with ProcessPoolExecutor(at_once, multiprocessing.get_context("fork")) as pool:
        results = []
        for result in pool.map(die, points):
            results.append(result)
            if result.violations:
                print(f"VIOLATION {result.point}: {'; '.join(result.violations)}", file=sys.stderr, flush=True)
        return results


def to_json(database: str, points: Sequence[Point], results: Sequence[Result]) -> dict[str, Any]:
    counted = Counter(each.kind for each in points)
    return {
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "database": database,
        "points": len(results),
        **{column: counted[column] for column in COLUMNS},
        "deaths": sum(each.died for each in results),
        "violations": sum(len(each.violations) for each in results),
        "evidence": [f"{each.point}: {told}" for each in results for told in each.violations],
    }


def table(database: str, points: Sequence[Point], results: Sequence[Result]) -> str:
    """Points by scenario and kind, and the sum in one line."""
    counted = Counter((each.scenario, each.kind) for each in points)
    died = sum(each.died for each in results)
    wrong = sum(len(each.violations) for each in results)
    lines = [f"{'':10}" + "".join(f"{column:>9}" for column in (*COLUMNS, "died at", "wrong"))]
    for scenario in SCENARIOS:
        mine = [each for each in results if each.point.scenario == scenario.name]
        numbers = [*(counted[scenario.name, column] for column in COLUMNS), sum(each.died for each in mine)]
        numbers.append(sum(len(each.violations) for each in mine))
        lines.append(f"{scenario.name:10}" + "".join(f"{number:9}" for number in numbers))
    missed = len(results) - died
    lines.append(f"{database}: {len(points)} points, {len(results)} run, {died} deaths, {missed} not reached")
    lines.append(f"{len(results)} points, {wrong} violations")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
