"""One step of the schema, as data."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Migration:
    """`statements` returns DDL with the dialect's type macros still in place. Versions count from 1 without gaps."""

    version: int
    name: str
    statements: Callable[[], list[str]]

    def __str__(self) -> str:
        return f"{self.version:04d}_{self.name}"
