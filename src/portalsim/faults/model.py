"""A fault as data, which requests it is for, and the set that is armed now. Every choice is made with the seed."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BEFORE = frozenset({"latency", "status", "rate_limit", "daily", "locked", "migrating", "reset"})
AFTER = frozenset({"lost_answer", "reset_mid_body", "trickle", "truncated", "invalid_json"})
INSIDE = frozenset({"partial", "act"})
KINDS = BEFORE | AFTER | INSIDE


@dataclass(frozen=True, slots=True)
class Match:
    """What a request must look like; what is empty matches all. `path` and `email` are parts of path and body."""

    path: str = ""
    method: str = ""
    email: str = ""
    token: str = ""
    batch_min: int = 0

    def fits(self, request: "Sample") -> bool:
        return (
            self.path in request.path
            and self.method.upper() in ("", request.method)
            and self.email.encode() in request.body
            and self.token in ("", request.token_id)
            and request.batch_size >= self.batch_min
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """What matching may look at."""

    method: str
    path: str
    body: bytes
    token_id: str
    batch_size: int


@dataclass(slots=True)
class Fault:
    """`kind` is one of KINDS. The first `skip` matches pass, then `count` are hit (None: all), each with `probability`,
    until `until_ms` of the virtual clock. `options` belong to the kind."""

    id: str
    kind: str
    match: Match = field(default_factory=Match)
    options: Mapping[str, Any] = field(default_factory=dict)
    probability: float = 1.0
    count: int | None = None
    skip: int = 0
    until_ms: int | None = None
    story: str = ""
    hits: int = 0

    def number(self, name: str, default: float) -> float:
        return float(self.options.get(name, default))

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "match": {name: getattr(self.match, name) for name in ("path", "method", "email", "token", "batch_min")},
            "options": dict(self.options),
            "probability": self.probability,
            "count": self.count,
            "skip": self.skip,
            "until_ms": self.until_ms,
            "story": self.story,
            "hits": self.hits,
        }


class BadFault(ValueError):
    """The description of a fault cannot be understood."""


class Faults:
    """All armed faults, in the order of arming."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._armed: dict[str, Fault] = {}
        self._number = 0

    def arm(self, description: Mapping[str, Any], now_ms: int, story: str = "") -> Fault:
        """From the control API's JSON: kind, match, probability, count, skip, seconds; the rest are the kind's options.
        Raises BadFault."""
        self._number += 1
        fault = read_fault(f"f{self._number}", description, now_ms, story)
        self._armed[fault.id] = fault
        return fault

    def disarm(self, fault_id: str) -> bool:
        return self._armed.pop(fault_id, None) is not None

    def clear(self) -> None:
        self._armed.clear()

    def list_all(self) -> list[Fault]:
        return list(self._armed.values())

    def choose(self, sample: Sample, now_ms: int) -> tuple[Fault, ...]:
        """The faults that hit this request; each is counted, and is gone when its count is used up."""
        self._armed = {
            each.id: each for each in self._armed.values() if each.until_ms is None or each.until_ms > now_ms
        }
        return tuple(each for each in list(self._armed.values()) if each.match.fits(sample) and self._hits(each))

    def _hits(self, fault: Fault) -> bool:
        if fault.skip > 0:
            fault.skip -= 1
            return False
        if fault.probability < 1.0 and self._rng.random() >= fault.probability:
            return False
        fault.hits += 1
        if fault.count is not None:
            fault.count -= 1
            if fault.count <= 0:
                self._armed.pop(fault.id, None)
        return True


def read_fault(fault_id: str, description: Mapping[str, Any], now_ms: int, story: str = "") -> Fault:
    """Raises BadFault."""
    known = {"kind", "match", "probability", "count", "skip", "seconds"}
    kind = description.get("kind")
    if kind not in KINDS:
        raise BadFault(f"kind is one of {', '.join(sorted(KINDS))}, not {kind}")
    try:
        seconds = description.get("seconds")
        count = description.get("count")
        return Fault(
            id=fault_id,
            kind=str(kind),
            match=Match(**description.get("match", {})),
            options={name: value for name, value in description.items() if name not in known},
            probability=float(description.get("probability", 1.0)),
            count=None if count is None else int(count),
            skip=int(description.get("skip", 0)),
            until_ms=None if seconds is None else now_ms + int(float(seconds) * 1000),
            story=story,
        )
    except (TypeError, ValueError) as wrong:
        raise BadFault(f"a fault that cannot be read: {wrong}") from wrong
