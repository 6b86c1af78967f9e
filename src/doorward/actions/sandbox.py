"""Renders Jsonnet templates in child processes: a hostile one costs a worker, never the server or its neighbours.

What a worker is and speaks: `worker`, `sandbox_worker`. Where templates come from: `template`.
"""

import asyncio
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import orjson

from doorward.actions.chunks import chunks
from doorward.actions.rendering import Cancelled, Limits, Rendered, RenderResult, TemplateFailed
from doorward.actions.worker import Answer, SandboxBroken, Worker, WorkerDied, start_worker
from doorward.observability.metrics import Metrics
from doorward.observability.redact import redact_text

__all__ = ["Cancelled", "Limits", "RenderResult", "Rendered", "Sandbox", "SandboxBroken", "TemplateFailed"]

WORKERS = 2
CHUNK = 20
"""Contexts that are rendered at once: most of the gain, and little to repeat when one of them fails."""
CHUNK_BYTES = 256 << 10
CHUNK_CPU = 2
"""How many renderings' processor time a chunk may take; beyond it the template is slow, and rendered one by one."""
CANCEL = "RUNTIME ERROR: cancel"
REASON_CHARS = 300
LINE = re.compile(r"template:\(?(\d+)")


class Sandbox:
    """A pool of workers. `limits` are the defaults; the memory limit belongs to the pool."""

    def __init__(self, workers: int = WORKERS, limits: Limits | None = None, *, metrics: Metrics | None = None) -> None:
        self.limits = limits or Limits()
        self._metrics = metrics
        self._size = workers
        self._idle: asyncio.LifoQueue[Worker | None] = asyncio.LifoQueue()
        self._busy: set[Worker] = set()
        self._refills: set[asyncio.Task[None]] = set()
        self._is_open = False

    async def start(self, *, at_once: bool = True) -> None:
        """Starts all workers, or each when it is first needed. Raises SandboxBroken. May be repeated."""
        if self._is_open:
            return
        self._idle = asyncio.LifoQueue()
        if not at_once:
            for _ in range(self._size):
                self._idle.put_nowait(None)
            self._is_open = True
            return
        asked = (start_worker(self.limits.memory_bytes) for _ in range(self._size))
        results = await asyncio.gather(*asked, return_exceptions=True)
        started = [result for result in results if isinstance(result, Worker)]
        failures = [result for result in results if isinstance(result, BaseException)]
        if failures:
            await asyncio.gather(*(worker.close() for worker in started))
            raise failures[0]
        for worker in started:
            self._idle.put_nowait(worker)
        self._is_open = True

    async def close(self) -> None:
        """Ends every worker and waits until it is gone; a rendering in flight ends as `wall`. May be repeated."""
        self._is_open = False
        await asyncio.gather(*(worker.kill() for worker in tuple(self._busy)))
        await asyncio.gather(*tuple(self._refills))
        idle: list[Worker] = []
        while not self._idle.empty():
            worker = self._idle.get_nowait()
            if worker is not None:
                idle.append(worker)
        await asyncio.gather(*(worker.close() for worker in idle))
        # wakes whoever waits for a worker; each passes the None on
        self._idle.put_nowait(None)

    async def render(self, template: str, ctx: bytes, *, limits: Limits | None = None) -> RenderResult:
        """Evaluates `template` with the JSON text `ctx` as its argument `ctx`. Raises SandboxBroken.

        Waits for a free worker; the limits count from then. Cancelling the caller ends the rendering.
        """
        bounds = limits or self.limits
        source = template.encode()
        answer = _precheck(source, ctx, bounds) or await self._evaluate(source, ctx, bounds, is_batch=False)
        result = answer if isinstance(answer, TemplateFailed) else _interpret(answer, bounds)
        if self._metrics is not None and isinstance(result, TemplateFailed):
            self._metrics.template_failures.labels(result.kind).inc()
        return result

    async def render_many(self, template: str, contexts: Sequence[bytes]) -> list[RenderResult]:
        """`render` for each context, in their order, at a fraction of the cost. Raises SandboxBroken."""
        parts = chunks(contexts, CHUNK, CHUNK_BYTES)
        results = await asyncio.gather(*(self._render_chunk(template, part) for part in parts))
        return [each for part in results for each in part]

    async def _render_chunk(self, template: str, contexts: Sequence[bytes]) -> list[RenderResult]:
        """At once where nothing is wrong; else each by itself, so that one costs its neighbours nothing but time."""
        source = template.encode()
        if len(contexts) > 1 and len(source) <= self.limits.template_bytes:
            joined = orjson.dumps([each.decode() for each in contexts])
            bounds = replace(self.limits, cpu_s=self.limits.cpu_s * CHUNK_CPU)
            answer = await self._evaluate(source, joined, bounds, is_batch=True)
            if isinstance(answer, Answer) and answer.status == b"+":
                outputs = answer.payload.decode("utf-8", "replace").split("\0")
                if len(outputs) == len(contexts):
                    return [Rendered(each) for each in outputs]
        return await asyncio.gather(*(self.render(template, each) for each in contexts))

    async def _evaluate(
        self, source: bytes, context: bytes, bounds: Limits, *, is_batch: bool
    ) -> Answer | TemplateFailed:
        worker = await self._take()
        is_healthy, started = False, time.perf_counter()
        try:
            async with asyncio.timeout(bounds.wall_s):
                answer = await worker.evaluate(source, context, bounds, is_batch=is_batch)
            is_healthy = answer.status != b"M"
            return answer
        except TimeoutError:
            return TemplateFailed(f"The template was not done within {bounds.wall_s:g} s.", "wall")
        except WorkerDied as death:
            if not self._is_open:
                return TemplateFailed("The server is shutting down.", "wall")
            if death.is_out_of_time:
                return TemplateFailed(f"The template used more than {bounds.cpu_s:g} s of processor time.", "cpu")
            return _out_of_memory(bounds)
        finally:
            self._busy.discard(worker)
            self._give_back(worker, is_healthy=is_healthy)
            if self._metrics is not None:
                self._metrics.template_seconds.observe(time.perf_counter() - started)

    async def _take(self) -> Worker:
        """An idle worker, or a new one where starting the replacement failed."""
        worker = await self._idle.get() if self._is_open else None
        if not self._is_open:
            self._idle.put_nowait(worker)
            raise SandboxBroken("The sandbox is not running.")
        if worker is None or not worker.is_alive:
            try:
                worker = await start_worker(self.limits.memory_bytes)
            except BaseException:
                self._idle.put_nowait(None)
                raise
        self._busy.add(worker)
        return worker

    def _give_back(self, worker: Worker, *, is_healthy: bool) -> None:
        """A worker that was left in the middle of something is replaced, by a task of its own: nobody waits for it."""
        if is_healthy:
            self._idle.put_nowait(worker)
            return
        refill = asyncio.create_task(self._replace(worker))
        self._refills.add(refill)
        refill.add_done_callback(self._refills.discard)

    async def _replace(self, worker: Worker) -> None:
        """Whoever asks next tries again if this fails."""
        fresh: Worker | None = None
        try:
            await worker.kill()
            if self._is_open:
                fresh = await start_worker(self.limits.memory_bytes)
        except SandboxBroken:
            fresh = None
        finally:
            self._idle.put_nowait(fresh)


def _precheck(source: bytes, ctx: bytes, limits: Limits) -> TemplateFailed | None:
    """What need not reach a worker to be refused."""
    sizes: Iterable[tuple[str, int, int]] = (
        ("template", len(source), limits.template_bytes),
        ("context", len(ctx), limits.context_bytes),
    )
    for name, size, limit in sizes:
        if size > limit:
            return TemplateFailed(f"The {name} has {size} bytes; {limit} are allowed.", "error")
    return None


def _interpret(answer: Answer, limits: Limits) -> RenderResult:
    text = answer.payload.decode("utf-8", "replace")
    match answer.status:
        case b"+":
            return Rendered(text)
        case b"O":
            return TemplateFailed(f"The output has {text} bytes; {limits.output_bytes} are allowed.", "output")
        case b"M":
            return _out_of_memory(limits)
    first_line, _, trace = text.partition("\n")
    if first_line.startswith(CANCEL):
        return Cancelled(redact_text(first_line.removeprefix("RUNTIME ERROR: ").strip())[:REASON_CHARS])
    line = LINE.search(trace)
    place = f" (line {line.group(1)})" if line else ""
    return TemplateFailed(redact_text(first_line.strip())[:REASON_CHARS] + place, "error")


def _out_of_memory(limits: Limits) -> TemplateFailed:
    return TemplateFailed(f"The template used more than {limits.memory_bytes >> 20} MiB of memory.", "memory")
