"""A context that is made when somebody looks at it: most submits have no action, and nobody does."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any


class MadeWhenSeen(Mapping[str, Any]):
    """`make` is called once at most. It reads nothing that changes, so that it does not matter when."""

    def __init__(self, make: Callable[[], Mapping[str, Any]]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Mapping[str, Any]:
        return self._make()

    def __getitem__(self, name: str) -> Any:
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)
