"""What actions cost a registration: registrations per second with none, one and ten, interleaved in one run.

One is the contact in HubSpot; the other nine are web hooks on every new identity, to a target that answers at once."""

import argparse
import asyncio
import contextlib
import statistics
from dataclasses import dataclass

from fast_target import fast_target
from processes import cpu_seconds
from stack import BCRYPT_4, Server, report, sign_up_many, stack, web_hooks


@dataclass(frozen=True, slots=True)
class Round:
    """`cpu_ms`: milliseconds of processor per registration, dispatcher and template workers included."""

    per_s: float
    cpu_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="registrations per round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for label, config in (("Argon2id (default)", ""), ("bcrypt cost 4", BCRYPT_4)):
        measured = measure(config, arguments.count, arguments.rounds, arguments.concurrency)
        none, one, ten = measured
        figures = {
            "with no action, registrations/s": median(none).per_s,
            "with 1 action, registrations/s": median(one).per_s,
            "with 10 actions, registrations/s": median(ten).per_s,
            "1 / none": ratio(one, none),
            "10 / none": ratio(ten, none),
            "with no action, processor ms each": median(none).cpu_ms,
            "with 1 action, processor ms each": median(one).cpu_ms,
            "with 10 actions, processor ms each": median(ten).cpu_ms,
        }
        report(f"registrations, {label}", figures, arguments.json)


def measure(config: str, count: int, rounds: int, concurrency: int) -> tuple[list[Round], list[Round], list[Round]]:
    """Rounds of the three alternate, so that a busy machine hurts all alike."""
    with contextlib.ExitStack() as opened:
        hooked = config + web_hooks(opened.enter_context(fast_target()), 9)
        none, _ = opened.enter_context(stack(connected=False, config=config))
        one, _ = opened.enter_context(stack(config=config))
        ten, _ = opened.enter_context(stack(config=hooked))
        found: tuple[list[Round], list[Round], list[Round]] = ([], [], [])
        for number in range(-1, rounds):
            for server, rounds_of in zip((none, one, ten), found, strict=True):
                measured = one_round(server, f"r{number}-", count, concurrency)
                if number >= 0:  # the first round warms up
                    rounds_of.append(measured)
        return found


def ratio(mine: list[Round], others: list[Round]) -> float:
    return statistics.median(each.per_s / other.per_s for each, other in zip(mine, others, strict=True))


def one_round(server: Server, prefix: str, count: int, concurrency: int) -> Round:
    before = cpu_seconds(server.pid)
    per_s = asyncio.run(sign_up_many(server, prefix, count, concurrency))
    return Round(per_s, 1000 * (cpu_seconds(server.pid) - before) / count)


def median(rounds: list[Round]) -> Round:
    return Round(statistics.median(each.per_s for each in rounds), statistics.median(each.cpu_ms for each in rounds))


if __name__ == "__main__":
    main()
