"""The two requests that a site makes most: starting a sign-up, and asking who is signed in."""

import argparse
import asyncio
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from processes import cpu_seconds
from stack import Server, report, stack


@dataclass(frozen=True, slots=True)
class Path:
    """A GET with so many connections, each asking again as soon as it has its answer."""

    name: str
    path: str
    connections: int
    headers: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with stack(connected=False, options=("--workers", str(arguments.workers))) as (server, _):
        token = server.sign_up("ada@example.org").body["session_token"]
        for path in (
            Path("start of a sign-up", "/self-service/registration/api", 16),
            Path("who is signed in", "/sessions/whoami", 32, f"X-Session-Token: {token}\r\n"),
        ):
            asyncio.run(drive(server, path, 1.0))
            before = cpu_seconds(server.pid)
            count = asyncio.run(drive(server, path, arguments.seconds))
            figures = {
                "requests/s": count / arguments.seconds,
                "processor µs each": 1e6 * (cpu_seconds(server.pid) - before) / count,
            }
            report(f"{path.name}, {path.connections} connections, {arguments.workers} workers", figures, arguments.json)


async def drive(server: Server, path: Path, seconds: float) -> int:
    """How many answers came in `seconds`. Ends the benchmark when one is not a 200."""
    parts = urlsplit(server.public)
    asked = f"GET {path.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{path.headers}\r\n".encode()
    end = time.perf_counter() + seconds

    async def connection() -> int:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        count = 0
        while time.perf_counter() < end:
            writer.write(asked)
            await read_answer(reader)
            count += 1
        writer.close()
        return count

    return sum(await asyncio.gather(*(connection() for _ in range(path.connections))))


async def read_answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(head.decode("latin-1"))
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))


if __name__ == "__main__":
    main()
