"""Contacts per second that land from a full queue under HubSpot's smallest plan, against one by one (10 a second)."""

import argparse
import asyncio
import time

from running import request
from stack import BCRYPT_4, contact_count, report, sign_up_many, stack

ONE_BY_ONE_PER_S = 10.0
CEILING_PER_S = 1000.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with stack(plan="free", config=BCRYPT_4) as (server, simulator):
        stories = f"{simulator.url}/_sim/faults"
        request("POST", stories, {"kind": "status", "status": 503, "probability": 1.0, "match": {"path": "/crm/"}})
        asyncio.run(sign_up_many(server, "p", arguments.count, 8))
        request("DELETE", stories)
        start_count = contact_count(simulator)
        started = time.perf_counter()
        while contact_count(simulator) < arguments.count:
            time.sleep(0.2)
        seconds = time.perf_counter() - started
        refused = request("GET", f"{simulator.url}/_sim/counters").body.get("rate_limited", 0)
    rate = (arguments.count - start_count) / seconds
    figures = {
        "contacts": arguments.count,
        "seconds": seconds,
        "contacts/s": rate,
        "of the ceiling of 1,000/s": rate / CEILING_PER_S,
        "times one by one (10/s)": rate / ONE_BY_ONE_PER_S,
        "429 answers": refused,
    }
    report("contacts landed from a full queue, 100 calls per 10 s", figures, arguments.json)


if __name__ == "__main__":
    main()
