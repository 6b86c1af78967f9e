"""Memory of the server with its dispatcher and template workers: at rest, and while it works through long queues."""

import argparse
import asyncio
import time

from processes import resident_mib
from seeding import seed
from stack import Server, contact_count, report, stack, until


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queued", type=int, nargs="+", default=[0, 100_000, 1_000_000], help="deliveries that wait")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each queue is worked on while measured")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    for queued in arguments.queued:
        figures[f"MiB at most, {queued:,} queued"] = measure(queued, arguments.seconds)
    smallest, *others = (figures[f"MiB at most, {queued:,} queued"] for queued in arguments.queued)
    for queued, found in zip(arguments.queued[1:], others, strict=True):
        figures[f"{queued:,} / {arguments.queued[0]:,}"] = found / smallest
    report("memory, server and template workers", figures, arguments.json)


def measure(queued: int, seconds: float) -> float:
    """The highest of many looks, from the first contact on."""

    def fill(server: Server) -> None:
        asyncio.run(seed(server.config, queued))

    with stack(before_start=fill) as (server, simulator):
        if queued == 0:
            server.sign_up("ada@example.org", newsletter=True)
        until("the first contact", lambda: contact_count(simulator))
        highest, end = 0.0, time.monotonic() + seconds
        while time.monotonic() < end:
            highest = max(highest, resident_mib(server.pid))
            time.sleep(0.25)
        return highest


if __name__ == "__main__":
    main()
