"""Contacts per second that land from a full queue under HubSpot's smallest plan, against one by one (10 a second)."""

import argparse
import asyncio
import time
from dataclasses import dataclass

from processes import cpu_seconds
from seeding import seed
from stack import Server, Simulator, counters, report, stack

ONE_BY_ONE_PER_S = 10.0
CEILING_PER_S = 1000.0
WARM_UP_S = 10.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One look: `server_s` and `simulator_s` are processor seconds so far, template workers with the server."""

    at: float
    contacts: int
    calls: int
    refused: int
    server_s: float
    simulator_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40_000)
    parser.add_argument("--plan", default="free", help="the simulator's plan; 'off' has no limit of calls")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    def fill(server: Server) -> None:
        asyncio.run(seed(server.config, arguments.count))

    with stack(plan=arguments.plan, before_start=fill) as (server, simulator):
        samples = [look(server, simulator)]
        while samples[-1].contacts < arguments.count:
            time.sleep(0.25)
            samples.append(look(server, simulator))
    name = f"contacts landed from a full queue, plan {arguments.plan} (free: 100 calls per 10 s)"
    report(name, figures(samples), arguments.json)


def look(server: Server, simulator: Simulator) -> Sample:
    seen = counters(simulator)
    return Sample(
        time.perf_counter(),
        seen["contacts"],
        seen["calls"],
        seen["rate_limited"],
        cpu_seconds(server.pid),
        cpu_seconds(simulator.pid),
    )


def figures(samples: list[Sample]) -> dict[str, float]:
    first, last = samples[0], samples[-1]
    warm = next((each for each in samples if each.at - first.at >= WARM_UP_S), first)
    steady = (last.contacts - warm.contacts) / (last.at - warm.at)
    landed = last.contacts - first.contacts
    return {
        "contacts": last.contacts,
        "seconds": last.at - first.at,
        "contacts/s, all of it": landed / (last.at - first.at),
        "contacts/s after the first 10 s": steady,
        "of the ceiling of 1,000/s": steady / CEILING_PER_S,
        "times one by one (10/s)": steady / ONE_BY_ONE_PER_S,
        "calls/s after the first 10 s": (last.calls - warm.calls) / (last.at - warm.at),
        "429 answers after the first 10 s": last.refused - warm.refused,
        "429 answers in all": last.refused,
        "processor s per 1,000 contacts, server": 1000 * (last.server_s - first.server_s) / landed,
        "processor s per 1,000 contacts, simulator": 1000 * (last.simulator_s - first.simulator_s) / landed,
    }


if __name__ == "__main__":
    main()
