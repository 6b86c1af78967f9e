"""Processes of the programs, started and signalled through the nursery's process. Safe to use from many threads."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0


@dataclass
class Child:
    """One life of a program. `code` is None while it lasts; negative: the signal that ended it."""

    nursery: "Nursery" = field(repr=False)
    pid: int = 0
    code: int | None = None
    started: threading.Event = field(default_factory=threading.Event, repr=False)
    ended: threading.Event = field(default_factory=threading.Event, repr=False)

    def signal(self, number: int) -> None:
        """Does nothing to one that has ended."""
        self.nursery.order({"signal": number, "pid": self.pid})

    def kill(self) -> None:
        """SIGKILL, and waits for the end."""
        self.signal(signal.SIGKILL)
        self.wait()

    def wait(self, patience_s: float = PATIENCE_S) -> int:
        """Its exit code. Raises TimeoutError."""
        if not self.ended.wait(patience_s) or self.code is None:
            raise TimeoutError(f"process {self.pid} did not end")
        return self.code

    @property
    def is_frozen(self) -> bool:
        """Whether it is stopped, by whom ever: the kernel knows."""
        try:
            # The name in brackets may hold spaces, so the state is counted from behind it.
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        except OSError:
            return False


class Nursery:
    """The pipe to the process."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._awaited: dict[int, Child] = {}
        self._living: dict[int, Child] = {}
        self._reader = threading.Thread(target=self._read, name="nursery", daemon=True)
        self._reader.start()

    def start(
        self, program: str, arguments: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> Child:
        """`program` is doorward or portalsim; it lives in the log's folder. Returns once it has a process id."""
        child = Child(self)
        with self._lock:
            number = next(self._numbers)
            self._awaited[number] = child
        order = {
            "start": number,
            "program": program,
            "arguments": list(arguments),
            "log": str(log),
            "folder": str(log.parent),
            "environment": dict(environment or {}),
        }
        self.order(order)
        if not child.started.wait(PATIENCE_S):
            raise TimeoutError("the nursery does not answer")
        return child

    def order(self, order: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            notice = json.loads(line)
            with self._lock:
                self._take(notice)

    def _take(self, notice: Mapping[str, int]) -> None:
        if "started" in notice:
            child = self._awaited.pop(notice["started"])
            child.pid = notice["pid"]
            self._living[child.pid] = child
            child.started.set()
            return
        child = self._living.pop(notice["ended"])
        child.code = notice["code"]
        child.ended.set()


@contextmanager
def nursery() -> Iterator[Nursery]:
    """For the time of the block; whoever lives at its end is killed."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "bench.crash.nursery_process"]
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT) as process:
        try:
            yield Nursery(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()
