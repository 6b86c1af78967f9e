"""A server and a simulator as real processes for the benchmarks: connected, with the plan that a benchmark asks for."""

import asyncio
import contextlib
import json
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from many_rows import ID, NUMBERS
from postgres_server import PostgresServer, running_postgres
from running import PASSWORD, TOKEN, Server, Simulator, request, running, until

__all__ = [
    "BCRYPT_4",
    "ID",
    "NUMBERS",
    "PASSWORD",
    "PostgresServer",
    "Server",
    "Simulator",
    "contact_count",
    "counters",
    "percentile",
    "report",
    "request",
    "running",
    "running_postgres",
    "sign_up",
    "sign_up_many",
    "stack",
    "until",
    "web_hooks",
]

BCRYPT_4 = "hashers: {algorithm: bcrypt, bcrypt: {cost: 4}}\n"


@contextlib.contextmanager
def stack(
    *,
    connected: bool = True,
    plan: str = "off",
    config: str = "",
    dsn: str | None = None,
    options: Sequence[str] = (),
    before_start: Callable[[Server], None] = lambda _: None,
) -> Iterator[tuple[Server, Simulator]]:
    """Both, started, in a folder that goes away; `before_start` finds the server connected and not running.

    `options` are of `doorward serve`.
    """
    with tempfile.TemporaryDirectory(prefix="doorward-bench-") as name:
        folder = Path(name)
        simulator = Simulator(folder, "--plan", plan)
        dsn = dsn or f"sqlite://{folder}/doorward.sqlite?_fk=true"
        server = Server(folder, f"dev: true\ndsn: {dsn}\nlog: {{level: warning}}\n{config}", "--dev", *options)
        with running(simulator):
            if connected:
                connect(server, simulator)
            before_start(server)
            with running(server):
                yield server, simulator


def connect(server: Server, simulator: Simulator) -> None:
    token = server.config.parent / "simulator.token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    done = server.command("hubspot", "connect", "--base-url", simulator.url, "--token-file", str(token), "--dev")
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)


def web_hooks(url: str, count: int) -> str:
    """The `actions` of a configuration: web hooks on every new identity, each to a path of its own."""
    body = "base64://" + b64encode(b"function(ctx) {id: ctx.identity.id}").decode()
    lines = [
        f"  - {{name: hook{number}, on: [identity.created], hook: web_hook, "
        f"config: {{url: {url}{number}, method: POST, body: {body!r}}}}}"
        for number in range(count)
    ]
    return "\n".join(["actions:", *lines, ""])


async def sign_up(client: aiohttp.ClientSession, server: Server, email: str, consent: bool = True) -> bool:
    """One registration of a native client; True when it succeeded."""
    async with client.get(f"{server.public}/self-service/registration/api") as answer:
        flow = await answer.json()
    body = {"method": "password", "password": PASSWORD, "traits": {"email": email, "newsletter": consent}}
    async with client.post(flow["ui"]["action"], json=body) as answer:
        await answer.read()
        return answer.status == 200


async def sign_up_many(server: Server, prefix: str, count: int, concurrency: int) -> float:
    """Registrations per second, `concurrency` at a time; stops the benchmark when one fails."""
    numbers = iter(range(count))

    async def worker(client: aiohttp.ClientSession) -> None:
        for number in numbers:
            if not await sign_up(client, server, f"{prefix}{number}@example.org"):
                raise SystemExit("a registration failed; see the server's log")

    async with aiohttp.ClientSession() as client:
        started = time.perf_counter()
        await asyncio.gather(*(worker(client) for _ in range(concurrency)))
        return count / (time.perf_counter() - started)


def contact_count(simulator: Simulator) -> int:
    return counters(simulator)["contacts"]


def counters(simulator: Simulator) -> dict[str, int]:
    """contacts, calls, rate_limited …"""
    found: dict[str, int] = request("GET", f"{simulator.url}/_sim/counters").body
    return found


def report(name: str, figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"benchmark": name, **figures}))
        return
    print(name)
    for label, value in figures.items():
        print(f"  {label:<44} {value:.3f}" if isinstance(value, float) else f"  {label:<44} {value}")


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
