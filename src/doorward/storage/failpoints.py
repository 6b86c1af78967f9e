"""Places where a crash test kills or stops the process. Only DOORWARD_FAILPOINTS in the environment arms them.

`DOORWARD_FAILPOINTS="storage.before_commit=kill@3,delivery.after_send=stop@1"`: at the third and at the first pass.
`storage.before_write=trace` writes every pass on standard error instead, so that a rig knows how many there are.
"""

import itertools
import os
import re
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

VARIABLE = "DOORWARD_FAILPOINTS"
SIGNALS: Mapping[str, signal.Signals] = MappingProxyType({"kill": signal.SIGKILL, "stop": signal.SIGSTOP})
TRACE = "trace"
STDERR = 2
BEFORE_WRITE = "storage.before_write"
WRITES = re.compile(r"\b(?:INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE|ALTER|DROP)\b[^(:\n]*", re.IGNORECASE)
DETAIL_CHARS = 60

FAILPOINTS: Mapping[str, str] = MappingProxyType(
    {
        BEFORE_WRITE: "Before a statement that writes, in whatever transaction: the n-th write.",
        "storage.before_commit": "All is written, nothing is committed: the n-th commit.",
        "storage.after_commit": "It is committed, and whoever asked for it has not been answered.",
        "storage.migration_statement": "Before each statement of `doorward migrate`.",
        "delivery.after_claim": "Rows are claimed; nothing is prepared.",
        "delivery.before_send": "A batch has passed the last look and is about to be sent.",
        "delivery.after_send": "The destination has answered a batch; nothing is settled.",
        "delivery.middle_of_batch": "In the transaction that settles a batch: rows written, pauses and breaker not.",
        "delivery.during_rescue": "In the transaction that takes expired leases back: rows written, attempts not.",
        "connector.before_call": "Before one HTTP request of a connector: the n-th send.",
        "connector.after_call": "Its answer has arrived and has not been read.",
    }
)
"""Every name and what has happened when it is passed. docs/reference/fail-points.md is drawn from this."""


@dataclass(frozen=True, slots=True)
class FailPoint:
    """Sends itself `signal` when `passes` yields `at`; without a signal it only tells of every pass."""

    signal: signal.Signals | None
    at: int
    passes: Iterator[int]


def parse_failpoints(text: str) -> Mapping[str, FailPoint]:
    """Reads the variable's form. Raises ValueError for anything else: a rig with a typing error must not pass."""
    points = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, rest = part.partition("=")
        act, _, at = rest.partition("@")
        if name not in FAILPOINTS:
            raise ValueError(f"{VARIABLE}: there is no fail point {name!r}; there are {', '.join(FAILPOINTS)}")
        if act not in {*SIGNALS, TRACE} or not (at or "1").isdecimal():
            raise ValueError(f"{VARIABLE}: {part!r} is not of the form name=kill@1, name=stop@1 or name=trace")
        points[name] = FailPoint(SIGNALS.get(act), int(at or "1"), itertools.count(1))
    return MappingProxyType(points)


def armed_by(environment: Mapping[str, str]) -> Mapping[str, FailPoint]:
    """What the environment asks for. A mistake in it ends the program with a sentence."""
    try:
        return parse_failpoints(environment.get(VARIABLE, ""))
    except ValueError as mistake:
        raise SystemExit(f"Error: {mistake}") from None


# Read once, when the program starts: what is written to the environment later arms nothing.
ACTIVE = armed_by(os.environ)


def failpoint(name: str) -> None:
    """Kills or stops this process if the environment asked for it at this pass of `name`."""
    if ACTIVE:
        pass_by(name, "")


def write_failpoint(sql: str) -> None:
    """The fail point before a statement, if that statement writes."""
    if ACTIVE and BEFORE_WRITE in ACTIVE and (found := WRITES.search(sql)) is not None:
        pass_by(BEFORE_WRITE, " ".join(found[0].split())[:DETAIL_CHARS])


def pass_by(name: str, detail: str) -> None:
    point = ACTIVE.get(name)
    if point is None:
        return
    number = next(point.passes)
    if point.signal is not None and number != point.at:
        return
    # One system call, so that the line is whole even if the process ends right after it.
    act = TRACE if point.signal is None else point.signal.name
    os.write(STDERR, f"failpoint {name} {number} {act} {detail}".rstrip().encode() + b"\n")
    if point.signal is not None:
        os.kill(os.getpid(), point.signal)
