"""A process that has loaded the programs and forks them on demand: a start costs a tenth of the time.

Orders come as JSON lines on standard input, notices go out on standard output. Each fork lives its program's whole
life from the entry point on. This process is their parent and has no thread, so whoever it signals is surely its own.
"""

import json
import os
import select
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from doorward.cli.main import main as doorward
from portalsim.cli import main as portalsim

from .lives import live

PROGRAMS: Mapping[str, Callable[..., object]] = {"doorward": doorward, "portalsim": portalsim}
TICK_S = 0.01


def main() -> None:
    """Until standard input ends; whatever lives then is killed."""
    children: set[int] = set()
    rest = b""
    while True:
        readable, _, _ = select.select([0], [], [], TICK_S)
        if readable:
            read = os.read(0, 65536)
            if not read:
                break
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                _obey(json.loads(line), children)
        _reap(children)
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _obey(order: Mapping[str, Any], children: set[int]) -> None:
    if "signal" in order:
        if order["pid"] in children:
            os.kill(order["pid"], order["signal"])
        return
    pid = os.fork()
    if pid == 0:
        _live(order)
    children.add(pid)
    _tell({"started": order["start"], "pid": pid})


def _reap(children: set[int]) -> None:
    for pid in tuple(children):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            children.discard(pid)
            _tell({"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def _tell(notice: Mapping[str, Any]) -> None:
    os.write(1, json.dumps(notice).encode() + b"\n")


def _live(order: Mapping[str, Any]) -> None:
    """The child's whole life; never returns."""
    program = PROGRAMS[order["program"]]

    def command() -> None:
        os.chdir(order["folder"])
        program(args=order["arguments"], prog_name=order["program"])

    live(Path(order["log"]), command, order["environment"])


if __name__ == "__main__":
    main()
