"""A process that has loaded the programs and forks them on demand: a start costs a tenth of the time.

Orders come as JSON lines on standard input, notices go out on standard output. Each fork lives its program's whole
life from the entry point on. This process is their parent and has no thread, so whoever it signals is surely its own.
"""

import importlib
import json
import os
import select
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

from doorward.cli.main import main as doorward
from doorward.storage import failpoints
from portalsim.cli import main as portalsim

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
    code = 1
    try:
        os.chdir(order["folder"])
        out = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, stream in ((nothing, 0), (out, 1), (out, 2)):
            os.dup2(source, stream)
        os.environ.update(order["environment"])
        # The variable was read when the module was loaded, which was before the fork.
        importlib.reload(failpoints)
        PROGRAMS[order["program"]](args=order["arguments"], prog_name=order["program"])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
