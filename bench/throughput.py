"""Contacts per second that land from a full queue under HubSpot's smallest plan, against one by one (10 a second)."""

import argparse
import asyncio
import time

from seeding import seed
from stack import Server, contact_count, counters, report, stack

ONE_BY_ONE_PER_S = 10.0
CEILING_PER_S = 1000.0
WARM_UP_S = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    def fill(server: Server) -> None:
        asyncio.run(seed(server.config, arguments.count))

    with stack(plan="free", before_start=fill) as (_, simulator):
        samples = [(time.perf_counter(), contact_count(simulator), counters(simulator)["rate_limited"])]
        while samples[-1][1] < arguments.count:
            time.sleep(0.25)
            samples.append((time.perf_counter(), contact_count(simulator), counters(simulator)["rate_limited"]))
    started, ended = samples[0][0], samples[-1][0]
    warm = next(each for each in samples if each[0] - started >= WARM_UP_S or each is samples[-1])
    steady = (samples[-1][1] - warm[1]) / (ended - warm[0]) if ended > warm[0] else float("nan")
    figures = {
        "contacts": arguments.count,
        "seconds": ended - started,
        "contacts/s, all of it": (arguments.count - samples[0][1]) / (ended - started),
        "contacts/s after the first 10 s": steady,
        "of the ceiling of 1,000/s": steady / CEILING_PER_S,
        "times one by one (10/s)": steady / ONE_BY_ONE_PER_S,
        "429 answers after the first 10 s": samples[-1][2] - warm[2],
        "429 answers in all": samples[-1][2],
    }
    report("contacts landed from a full queue, 100 calls per 10 s", figures, arguments.json)


if __name__ == "__main__":
    main()
