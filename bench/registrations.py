"""What an action costs a registration: registrations per second without and with one, interleaved in one run."""

import argparse
import asyncio
import statistics

from stack import BCRYPT_4, report, sign_up_many, stack


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="registrations per round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for label, config in (("Argon2id (default)", ""), ("bcrypt cost 4", BCRYPT_4)):
        without, with_action = measure(config, arguments.count, arguments.rounds, arguments.concurrency)
        figures = {
            "without an action, registrations/s": statistics.median(without),
            "with an action, registrations/s": statistics.median(with_action),
            "with / without": statistics.median(with_action) / statistics.median(without),
        }
        report(f"registrations, {label}", figures, arguments.json)


def measure(config: str, count: int, rounds: int, concurrency: int) -> tuple[list[float], list[float]]:
    """Rounds of the two alternate, so that a busy machine hurts both alike."""
    without, with_action = [], []
    with stack(connected=False, config=config) as (plain, _), stack(connected=True, config=config) as (acting, _):
        for number in range(-1, rounds):
            slow = asyncio.run(sign_up_many(plain, f"plain{number}-", count, concurrency))
            fast = asyncio.run(sign_up_many(acting, f"acting{number}-", count, concurrency))
            if number >= 0:  # the first round warms up
                without.append(slow)
                with_action.append(fast)
    return without, with_action


if __name__ == "__main__":
    main()
