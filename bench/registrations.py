"""What an action costs a registration: registrations per second without and with one, interleaved in one run."""

import argparse
import asyncio
import statistics
from dataclasses import dataclass

from processes import cpu_seconds
from stack import BCRYPT_4, Server, report, sign_up_many, stack


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
        without, with_action = measure(config, arguments.count, arguments.rounds, arguments.concurrency)
        plain, acting = median(without), median(with_action)
        figures = {
            "without an action, registrations/s": plain.per_s,
            "with an action, registrations/s": acting.per_s,
            "with / without": statistics.median(
                mine.per_s / other.per_s for mine, other in zip(with_action, without, strict=True)
            ),
            "without an action, processor ms each": plain.cpu_ms,
            "with an action, processor ms each": acting.cpu_ms,
        }
        report(f"registrations, {label}", figures, arguments.json)


def measure(config: str, count: int, rounds: int, concurrency: int) -> tuple[list[Round], list[Round]]:
    """Rounds of the two alternate, so that a busy machine hurts both alike."""
    without, with_action = [], []
    with stack(connected=False, config=config) as (plain, _), stack(connected=True, config=config) as (acting, _):
        for number in range(-1, rounds):
            slow = one_round(plain, f"plain{number}-", count, concurrency)
            fast = one_round(acting, f"acting{number}-", count, concurrency)
            if number >= 0:  # the first round warms up
                without.append(slow)
                with_action.append(fast)
    return without, with_action


def one_round(server: Server, prefix: str, count: int, concurrency: int) -> Round:
    before = cpu_seconds(server.pid)
    per_s = asyncio.run(sign_up_many(server, prefix, count, concurrency))
    return Round(per_s, 1000 * (cpu_seconds(server.pid) - before) / count)


def median(rounds: list[Round]) -> Round:
    return Round(statistics.median(each.per_s for each in rounds), statistics.median(each.cpu_ms for each in rounds))


if __name__ == "__main__":
    main()
