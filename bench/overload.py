"""Ten times more sign-ups than the machine can hash, alone and beside hostile templates and targets.

Phases of one run: quiet (one client), the rate that the machine can hash, ten times that rate, the same with hostile
templates and targets, and with as many harmless ones. The load comes at a fixed rate, whatever is answered, from
processes of their own."""

import argparse
import asyncio
import json
import multiprocessing
import time
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from hostile_target import hostile_target
from processes import resident_mib
from stack import PASSWORD, Server, percentile, report, sign_up_many, stack

CUBE = "std.length([1 for a in std.range(1, 2000) for b in std.range(1, 2000) for c in std.range(1, 2000)])"
TEMPLATES = {
    "endless": f"function(ctx) {{a: {CUBE}}}",
    "recursion": "local f(x) = 1 + f(x + 1); function(ctx) f(0)",
    "gigabyte": "function(ctx) {a: std.repeat('x', 1000000000)}",
    "doubling": "function(ctx) {a: std.length(std.foldl(function(a, _) a + a, std.range(1, 40), [1]))}",
}
HARMLESS = "function(ctx) {id: ctx.identity.id}"
FRESH_S = 3.0
ASK_EVERY_S = 0.01
"""Often: of twenty a second, the 99th percentile of eight seconds would be the second largest of 160."""
TARGETS = ("endless", "trickle", "silence", "redirect", "headers", "reset")


class Connections:
    """Kept connections of a client that costs little beside what it measures. One that has rested is not used again:
    the server hangs up after five seconds, and a request that crosses it on the way gets no answer."""

    def __init__(self, host: str, port: int) -> None:
        self._place = (host, port)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, float]] = []

    async def exchange(self, whole: bytes) -> tuple[int, bytes]:
        """Status and body. Raises OSError or EOFError when the server hangs up."""
        reader, writer = self._find_fresh() or await asyncio.open_connection(*self._place)
        writer.write(whole)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        body = await reader.readexactly(int(length))
        self._idle.append((reader, writer, time.perf_counter()))
        return int(head[9:12]), body

    def _find_fresh(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """The newest is the last, so that all are too old if it is."""
        if self._idle and time.perf_counter() - self._idle[-1][2] < FRESH_S:
            reader, writer, _ = self._idle.pop()
            return reader, writer
        for _, writer, _ in self._idle:
            writer.close()
        self._idle.clear()
        return None


@dataclass(slots=True)
class Phase:
    """What was seen: answers of sign-ups by status, seconds of accepted ones, seconds of whoami, MiB at most."""

    statuses: Counter[int] = field(default_factory=Counter)
    accepted_s: list[float] = field(default_factory=list)
    refused_s: list[float] = field(default_factory=list)
    whoami_s: list[float] = field(default_factory=list)
    memory_mib: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="length of each phase")
    parser.add_argument("--times", type=float, default=10.0, help="the load, in what the machine can hash")
    parser.add_argument("--rounds", type=int, default=2, help="overloaded phases without and with hostility, in turns")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with (
        hostile_target() as url,
        stack() as (plain, _),
        stack(config=harmless(url)) as (tame, _),
        stack(config=hostility(url)) as (hostile, _),
    ):
        every = (plain, tame, hostile)
        token = {each.public: each.sign_up("whoami@example.org").body["session_token"] for each in every}
        asyncio.run(sign_up_many(plain, "warm", 60, 8))
        capacity = asyncio.run(sign_up_many(plain, "capacity", 300, 8))
        quiet = run(plain, token[plain.public], 2.0, arguments.seconds, "quiet")
        alone, with_ten, beside = Phase(), Phase(), Phase()
        for number in range(arguments.rounds):
            for server, phase in ((plain, alone), (tame, with_ten), (hostile, beside)):
                rate = capacity * arguments.times
                merge(phase, run(server, token[server.public], rate, arguments.seconds, f"over{number}"))
        check(plain, 361 + quiet.statuses[200] + alone.statuses[200])
        check(tame, 1 + with_ten.statuses[200])
        check(hostile, 1 + beside.statuses[200])
    report("overload", figures(capacity, quiet, alone, with_ten, beside), arguments.json)


def hostility(url: str) -> str:
    """Actions on every new identity: each hostile template, and a harmless one to each hostile target."""
    lines = [action(f"template-{name}", f"{url}ok", template) for name, template in TEMPLATES.items()]
    lines += [action(f"target-{name}", f"{url}{name}", HARMLESS) for name in TARGETS]
    return "\n".join(["actions:", *lines, ""])


def harmless(url: str) -> str:
    """As many actions, none of them hostile: what is left of the difference is hostility's."""
    names = [f"tame{number}" for number in range(len(TEMPLATES) + len(TARGETS))]
    return "\n".join(["actions:", *(action(name, f"{url}ok", HARMLESS) for name in names), ""])


def action(name: str, url: str, template: str) -> str:
    body = "base64://" + b64encode(template.encode()).decode()
    return (
        f"  - {{name: {name}, on: [identity.created], hook: web_hook, "
        f"config: {{url: {url}, method: POST, body: {body!r}}}}}"
    )


def run(server: Server, token: str, rate: float, seconds: float, prefix: str) -> Phase:
    """One phase: the load from two processes, whoami from this one."""
    parts = 2
    with multiprocessing.get_context("spawn").Pool(parts) as pool:
        loads = [
            pool.apply_async(load, (server.public, rate / parts, seconds, f"{prefix}-{number}-"))
            for number in range(parts)
        ]
        phase = asyncio.run(ask(server, token, seconds))
        for each in loads:
            merge(phase, each.get())
    return phase


def load(public: str, rate: float, seconds: float, prefix: str) -> Phase:
    return asyncio.run(arrivals(public, rate, seconds, prefix))


async def arrivals(public: str, rate: float, seconds: float, prefix: str) -> Phase:
    """Submits that leave at `rate` a second whatever becomes of the earlier ones; their flows are begun before."""
    phase = Phase()
    parts = urlsplit(public)
    connections = Connections(parts.hostname or "", parts.port or 80)
    asked = f"GET /self-service/registration/api HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    paths = []
    for _ in range(int(rate * seconds)):
        _, body = await connections.exchange(asked)
        paths.append(f"/self-service/registration?flow={json.loads(body)['id']}")
    started = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number, path in enumerate(paths):
            wait_s = started + number / rate - time.perf_counter()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            body = submission(f"{prefix}{number}@example.org")
            head = f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
            whole = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
            tasks.create_task(submit(connections, whole, phase))
    return phase


def submission(email: str) -> bytes:
    traits = {"email": email, "newsletter": True}
    return json.dumps({"method": "password", "password": PASSWORD, "traits": traits}).encode()


async def submit(connections: Connections, whole: bytes, phase: Phase) -> None:
    started = time.perf_counter()
    try:
        status, _ = await connections.exchange(whole)
    except (OSError, EOFError):
        status = 0
    phase.statuses[status] += 1
    (phase.accepted_s if status == 200 else phase.refused_s).append(time.perf_counter() - started)


async def ask(server: Server, token: str, seconds: float) -> Phase:
    """Who is signed in, a hundred times a second, and the server's memory now and then: reading it costs more."""
    phase = Phase()
    end = time.perf_counter() + seconds
    async with aiohttp.ClientSession(headers={"X-Session-Token": token}) as client:
        while time.perf_counter() < end:
            started = time.perf_counter()
            async with client.get(f"{server.public}/sessions/whoami") as answer:
                await answer.read()
                if answer.status == 200:
                    phase.whoami_s.append(time.perf_counter() - started)
                else:
                    phase.statuses[-answer.status] += 1
            if len(phase.whoami_s) % 50 == 0:
                phase.memory_mib = max(phase.memory_mib, resident_mib(server.pid))
            await asyncio.sleep(ASK_EVERY_S)
    return phase


def merge(into: Phase, other: Phase) -> None:
    into.statuses += other.statuses
    into.accepted_s += other.accepted_s
    into.refused_s += other.refused_s
    into.whoami_s += other.whoami_s
    into.memory_mib = max(into.memory_mib, other.memory_mib)


def check(server: Server, accepted: int) -> None:
    """Ends the benchmark unless exactly those who were accepted are there."""
    found = len(server.told("identities", "list", "--limit", "1000000"))
    if found != accepted:
        raise SystemExit(f"{accepted} sign-ups were accepted, and {found} people are there")


def figures(capacity: float, quiet: Phase, alone: Phase, with_ten: Phase, beside: Phase) -> dict[str, Any]:
    found: dict[str, Any] = {"sign-ups/s that the machine can hash": capacity, **of("quiet", quiet)}
    found |= of("overloaded", alone) | of("overloaded, harmless actions", with_ten)
    found |= of("overloaded, hostility", beside)
    found["accepted p99, overloaded / quiet"] = percentile(alone.accepted_s, 0.99) / percentile(quiet.accepted_s, 0.99)
    found["whoami p99, overloaded / quiet"] = percentile(alone.whoami_s, 0.99) / percentile(quiet.whoami_s, 0.99)
    p99 = {name: percentile(phase.whoami_s, 0.99) for name, phase in (("none", alone), ("harmless", with_ten))}
    found["whoami p99, hostile / as many harmless actions"] = percentile(beside.whoami_s, 0.99) / p99["harmless"]
    found["whoami p99, hostile / no actions"] = percentile(beside.whoami_s, 0.99) / p99["none"]
    return found


def of(name: str, phase: Phase) -> dict[str, Any]:
    return {
        f"{name}: answers by status": dict(sorted(phase.statuses.items())),
        f"{name}: accepted p50 s": percentile(phase.accepted_s, 0.5),
        f"{name}: accepted p99 s": percentile(phase.accepted_s, 0.99),
        f"{name}: refused p99 s": percentile(phase.refused_s, 0.99) if phase.refused_s else 0.0,
        f"{name}: whoami p50 ms": 1000 * percentile(phase.whoami_s, 0.5),
        f"{name}: whoami p99 ms": 1000 * percentile(phase.whoami_s, 0.99),
        f"{name}: MiB at most": phase.memory_mib,
    }


if __name__ == "__main__":
    main()
