"""Finds the operation for a method and path. Versions and object types are checked here, once for all endpoints."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from portalsim import problems
from portalsim.call import Operation

DATED = frozenset({"2025-09", "2026-03", "2026-09"})
CONTACT_TYPES = frozenset({"contacts", "contact", "0-1"})


class Table:
    """Operations by method and number of segments; fixed segments win over named ones."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._by_shape: dict[tuple[str, int], list[tuple[tuple[str, ...], Operation]]] = defaultdict(list)
        self._methods: dict[int, set[str]] = defaultdict(set)
        for operation in operations:
            for path in operation.paths:
                segments = tuple(path.strip("/").split("/"))
                self._by_shape[operation.method, len(segments)].append((segments, operation))
                self._methods[len(segments)].add(operation.method)
        for found in self._by_shape.values():
            found.sort(key=lambda each: [segment.startswith("{") for segment in each[0]])

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Path parameters come decoded. Raises Problem for an unknown object type."""
        segments = [unquote(segment) for segment in path.strip("/").split("/")]
        for template, operation in self._by_shape.get((method, len(segments)), ()):
            params = _match(template, segments)
            if params is not None:
                if params.get("type", "contacts") not in CONTACT_TYPES:
                    raise problems.unknown_type(params["type"])
                return operation, params
        return None

    def is_known(self, path: str) -> bool:
        """Whether another method would have been right."""
        size = len(path.strip("/").split("/"))
        return any(self.find(method, path) is not None for method in self._methods[size])


def _match(template: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    params: dict[str, str] = {}
    for expected, given in zip(template, segments, strict=True):
        if expected.startswith("{"):
            params[expected[1:-1]] = given
        elif expected != given:
            return None
    return params if _is_version(params) else None


def _is_version(params: Mapping[str, str]) -> bool:
    return params.get("version", "2026-03") in DATED
