"""The kept results of the runs, read for the page and the picture."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench" / "results"
MATRIX = ROOT / "docs" / "reference" / "fault-matrix.md"
DATABASES = ("sqlite", "postgresql")
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class Results:
    """By database: random runs, exhaustive runs, mutations; and the number of cells of the fault matrix."""

    crash: Mapping[str, Any]
    exhaustive: Mapping[str, Any]
    bites: Mapping[str, Any]
    cells: int

    def deaths_at(self, places: Iterable[str]) -> int:
        """Deaths at these fail points in the random runs, both databases together."""
        counted = self.kills()
        return sum(counted[f"fail point {place}"] for place in places)

    def kills(self) -> Counter[str]:
        return sum((Counter(run["kills"]) for run in self.crash.values()), Counter())

    def violations(self) -> Counter[str]:
        """Every kind that is counted, those without any as well."""
        counted: Counter[str] = Counter()
        for run in self.crash.values():
            counted.update(run["violations"])
        return counted


def read_results() -> Results:
    """Raises OSError when a run was never kept."""
    return Results(_of("crash"), _of("exhaustive"), _of("bites"), _cells(MATRIX.read_text()))


def _of(run: str) -> dict[str, Any]:
    return {name: json.loads((RESULTS / f"{run}-{name}.json").read_text()) for name in DATABASES}


def _cells(page: str) -> int:
    return sum(int(number.replace(",", "")) for number in re.findall(r"^## .*\(([\d,]+) cells\)", page, re.MULTILINE))
