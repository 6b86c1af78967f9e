"""Places where a crash test kills the process. Without DOORWARD_FAILPOINTS in the environment they do nothing.

`DOORWARD_FAILPOINTS="storage.before_commit=kill@3,delivery.after_send=stop@1"`: at the third and at the first pass.
"""

import itertools
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

VARIABLE = "DOORWARD_FAILPOINTS"
SIGNALS: Mapping[str, signal.Signals] = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


@dataclass(frozen=True, slots=True)
class FailPoint:
    """Sends itself `signal` when `passes` yields `at`."""

    signal: signal.Signals
    at: int
    passes: Iterator[int]


def parse_failpoints(text: str) -> Mapping[str, FailPoint]:
    """Reads the variable's form. Raises ValueError for anything else: a rig with a typing error must not pass."""
    points = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, rest = part.partition("=")
        act, _, at = rest.partition("@")
        if act not in SIGNALS or not name:
            raise ValueError(f"{VARIABLE}: {part!r} is not of the form name=kill@1 or name=stop@1")
        points[name] = FailPoint(SIGNALS[act], int(at or "1"), itertools.count(1))
    return MappingProxyType(points)


ACTIVE = parse_failpoints(os.environ.get(VARIABLE, ""))


def failpoint(name: str) -> None:
    """Kills or stops this process if the environment asked for it at this pass of `name`."""
    if not ACTIVE:
        return
    point = ACTIVE.get(name)
    if point is not None and next(point.passes) == point.at:
        os.kill(os.getpid(), point.signal)
