"""The parent's end of one sandbox process: start it, talk to it, end it.

Frames, big-endian. To the worker: whether it is a batch (u8), processor seconds (f64), output limit, template size,
context size (u32 each), then template and context (of a batch: a JSON array of contexts as texts). From the worker: a
status byte, a size (u32), a payload. `+` output (or, first of all, ready; of a batch: outputs between NULs), `!` error
text, `O` output too large, `M` out of memory.
"""

import asyncio
import contextlib
import signal
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from doorward.actions.rendering import Limits
from doorward.errors import Unavailable

PROGRAM = Path(__file__).with_name("sandbox_worker.py")
REQUEST = struct.Struct(">?dIII")
ANSWER = struct.Struct(">cI")
START_TIMEOUT_S = 10.0
GOODBYE_TIMEOUT_S = 1.0
BUFFER_BYTES = 1 << 20


class SandboxBroken(Unavailable):
    """Templates cannot be rendered: the sandbox process does not start."""


class WorkerDied(Exception):
    """The process ended while it worked; `exit_code` is negative for a signal."""

    def __init__(self, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(f"the sandbox process ended with {exit_code}")

    @property
    def is_out_of_time(self) -> bool:
        return self.exit_code in {-signal.SIGPROF, -signal.SIGXCPU}


@dataclass(frozen=True, slots=True)
class Answer:
    """One frame from the worker."""

    status: bytes
    payload: bytes


class Worker:
    """One process, one template at a time. Made by `start_worker`."""

    def __init__(self, process: asyncio.subprocess.Process, memory_bytes: int) -> None:
        self._process = process
        self.memory_bytes = memory_bytes

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    async def evaluate(self, template: bytes, context: bytes, limits: Limits, *, is_batch: bool = False) -> Answer:
        """Raises WorkerDied. Time is the caller's to watch; a worker left in the middle must be ended."""
        writer = self._process.stdin
        assert writer is not None
        header = REQUEST.pack(is_batch, limits.cpu_s, limits.output_bytes, len(template), len(context))
        with contextlib.suppress(ConnectionError):
            writer.write(header + template + context)
            await writer.drain()
        return await self.read_answer()

    async def read_answer(self) -> Answer:
        """The next frame. Raises WorkerDied when the pipe closes instead."""
        reader = self._process.stdout
        assert reader is not None
        try:
            status, size = ANSWER.unpack(await reader.readexactly(ANSWER.size))
            return Answer(status, await reader.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError):
            raise WorkerDied(await self._process.wait()) from None

    async def kill(self) -> None:
        """Ends it at once and waits until it is gone, so that no zombie stays."""
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._reap()

    async def close(self) -> None:
        """Lets an idle worker go: it leaves when its input ends."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(GOODBYE_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            await self.kill()
        else:
            await self._reap()

    async def _reap(self) -> None:
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
            with contextlib.suppress(ConnectionError):
                await self._process.stdin.wait_closed()


async def start_worker(memory_bytes: int) -> Worker:
    """A worker that stands ready. Raises SandboxBroken."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(PROGRAM),
        str(memory_bytes),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        # Go collects garbage before the hard limit rather than dying at it; an arena that the C library keeps for a
        # thread of Go's would take 64 MiB of the address space at once, and a harmless template would die of it
        env={"GOMAXPROCS": "1", "MALLOC_ARENA_MAX": "1", "GOMEMLIMIT": str(memory_bytes * 3 // 4)},
        limit=BUFFER_BYTES,
    )
    worker = Worker(process, memory_bytes)
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            await worker.read_answer()
    except (TimeoutError, WorkerDied) as error:
        await worker.kill()
        raise SandboxBroken(f"The sandbox process did not start: {str(error) or 'it took too long'}.") from None
    except BaseException:
        await worker.kill()
        raise
    return worker
