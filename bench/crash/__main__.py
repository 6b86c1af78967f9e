"""`python -m bench.crash`: a run of the rig with a line of progress; exits 1 when a promise was broken."""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from .plan import Settings
from .report import table, to_json
from .rig import Tell, run

LINE_EVERY_S = 10.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.crash", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="reproduces the plan, not the interleaving")
    parser.add_argument("--clients", type=int, default=4)
    careless = "PostgreSQL, and it answers commits before it keeps them: shows that the verifier finds lost ones"
    parser.add_argument("--careless", action="store_true", help=careless)
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="keep the result here")
    parser.add_argument("--keep", type=Path, default=None, metavar="FOLDER", help="work here, and leave it there")
    arguments = parser.parse_args()
    settings = Settings(
        "postgresql" if arguments.careless else arguments.database,
        arguments.kills,
        arguments.seed,
        clients=arguments.clients,
        is_careless=arguments.careless,
    )
    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        folder = arguments.keep
    else:
        folder = Path(tempfile.mkdtemp(prefix="doorward-crash-"))
    print(f"logs and databases: {folder}")
    result = run(folder.resolve(), settings, progress(arguments.kills))
    print(table(result))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(to_json(result), indent=2) + "\n")
    return 1 if result.judgement.violations else 0


def progress(wanted: int) -> Tell:
    """A line every ten seconds."""
    last = time.monotonic()

    def tell(kills: int, people: int, seconds: float) -> None:
        nonlocal last
        if time.monotonic() - last < LINE_EVERY_S:
            return
        last = time.monotonic()
        left = (wanted - kills) * seconds / max(1, kills)
        print(
            f"{kills}/{wanted} kills, {people} signed up, {kills / seconds:.1f} kills/s, {left:.0f} s left", flush=True
        )

    return tell


if __name__ == "__main__":
    sys.exit(main())
