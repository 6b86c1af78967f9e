"""Time from sign-up to contact at steady rates, with the latency that HubSpot has."""

import argparse
import asyncio
import time

import aiohttp

from stack import Server, Simulator, percentile, report, request, sign_up, stack


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=float, nargs="+", default=[1.0, 10.0, 100.0], help="sign-ups per second")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--latency-ms", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with stack(plan="free") as (server, simulator):
        request("POST", f"{simulator.url}/_sim/faults", {"kind": "latency", "ms": arguments.latency_ms})
        for rate in arguments.rates:
            times = asyncio.run(measure(server, simulator, rate, arguments.seconds))
            figures = {
                "sign-ups": len(times),
                "p50 seconds": percentile(times, 0.5),
                "p99 seconds": percentile(times, 0.99),
            }
            report(f"sign-up to contact, {rate:g}/s, {arguments.latency_ms} ms", figures, arguments.json)


async def measure(server: Server, simulator: Simulator, rate: float, seconds: float) -> list[float]:
    """From the moment before the submit to the simulator's own time of the write, both clocks being this machine's."""
    answered: dict[str, float] = {}
    async with aiohttp.ClientSession() as client:

        async def one(number: int) -> None:
            email = f"r{rate:g}-{number}@example.org"
            await asyncio.sleep(number / rate)
            started = time.time()
            if await sign_up(client, server, email):
                answered[email] = started

        await asyncio.gather(*(one(number) for number in range(int(rate * seconds))))
        written = await arrivals(client, simulator, set(answered))
    return [written[email] - started for email, started in answered.items()]


async def arrivals(client: aiohttp.ClientSession, simulator: Simulator, emails: set[str]) -> dict[str, float]:
    """When each contact was made, from the simulator's ledger."""
    while True:
        found: dict[str, float] = {}
        after = 0
        while True:
            async with client.get(f"{simulator.url}/_sim/ledger", params={"after": after, "limit": 1000}) as answer:
                entries = (await answer.json())["entries"]
            if not entries:
                break
            after = entries[-1]["seq"]
            found.update({entry["email"]: entry["time"] for entry in entries if entry.get("email") in emails})
        if emails <= set(found):
            return found
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    main()
