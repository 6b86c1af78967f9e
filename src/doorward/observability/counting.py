"""Counters and histograms of several processes as one: taken from a registry, written as bytes, added up.

Gauges are left out: they are read from the database by whoever is asked.
"""

from collections.abc import Iterable, Iterator, Mapping

import orjson
from prometheus_client import CollectorRegistry, Metric

Key = tuple[str, tuple[tuple[str, str], ...]]
Counts = Mapping[Key, float]
"""By the sample's name and its labels in the order of their declaration."""

COUNTED = frozenset({"counter", "histogram"})
BIRTH = "_created"


def counts_of(registry: CollectorRegistry) -> Counts:
    """What this process has counted."""
    return {
        (sample.name, tuple(sample.labels.items())): sample.value
        for family in registry.collect()
        if family.type in COUNTED
        for sample in family.samples
    }


def to_bytes(counts: Counts) -> bytes:
    return orjson.dumps([[name, labels, value] for (name, labels), value in counts.items()])


def from_bytes(raw: bytes) -> Counts:
    """Raises ValueError when these bytes do not come from `to_bytes`."""
    return {(name, tuple((label, text) for label, text in labels)): value for name, labels, value in orjson.loads(raw)}


def added(every: Iterable[Counts]) -> Counts:
    """The sum. Of the seconds at which a series was born, the earliest."""
    total: dict[Key, float] = {}
    for counts in every:
        for key, value in counts.items():
            if key not in total:
                total[key] = value
            elif key[0].endswith(BIRTH):
                total[key] = min(total[key], value)
            else:
                total[key] += value
    return total


class Together:
    """A registry's metrics with `counts` in the place of its own; what prometheus_client renders."""

    def __init__(self, registry: CollectorRegistry, counts: Counts) -> None:
        self._registry = registry
        self._by_name: dict[str, list[tuple[dict[str, str], float]]] = {}
        for (name, labels), value in counts.items():
            self._by_name.setdefault(name, []).append((dict(labels), value))

    def collect(self) -> Iterator[Metric]:
        for family in self._registry.collect():
            yield self._replaced(family) if family.type in COUNTED else family

    def _replaced(self, family: Metric) -> Metric:
        made = Metric(family.name, family.documentation, family.type, family.unit)
        suffixes = ("_total", BIRTH) if family.type == "counter" else ("_bucket", "_count", "_sum", BIRTH)
        for name in (family.name + suffix for suffix in suffixes):
            for labels, value in self._by_name.get(name, []):
                made.add_sample(name, labels, value)
        return made
