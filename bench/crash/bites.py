"""`python -m bench.crash.bites`: does the proof bite? Each mutation of the product has to turn one of its runs red.

For each: the exhaustive run over the points that the mutation names, or the random one until it is red or has made
all its kills. Exits 1 when a mutation went unseen."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from .mutations import MUTATIONS, Mutation, mutated
from .violations import KINDS

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Bite:
    """`run` is the one that saw it, or ""; `violations` are the kinds that it told, or else its last line."""

    mutation: str
    broken: str
    run: str
    violations: str
    seconds: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.crash.bites", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only mutations whose name contains this")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="keep the result here")
    arguments = parser.parse_args()
    bites = []
    with tempfile.TemporaryDirectory(prefix="doorward-bites-") as folder:
        for mutation in MUTATIONS:
            if arguments.only in mutation.name:
                bites.append(bitten(mutation, Path(folder), arguments))
                print(line(bites[-1]), flush=True)
    unseen = [each.mutation for each in bites if not each.run]
    print(f"{len(bites)} mutations, {len(unseen)} unseen")
    if arguments.json is not None:
        told = {"database": arguments.database, "seed": arguments.seed, "mutations": [asdict(each) for each in bites]}
        arguments.json.write_text(json.dumps(told, indent=2) + "\n")
    return 1 if unseen else 0


def bitten(mutation: Mutation, folder: Path, arguments: argparse.Namespace) -> Bite:
    started = time.monotonic()
    source = mutated(mutation, folder)
    for name, run in runs(arguments).items():
        said = tell(run, source)
        if said:
            return Bite(mutation.name, mutation.broken, name, said, time.monotonic() - started)
    return Bite(mutation.name, mutation.broken, "", "", time.monotonic() - started)


def runs(arguments: argparse.Namespace) -> dict[str, list[str]]:
    """By name, the quickest first."""
    database = ["--database", arguments.database]
    zombies = ["tests/crash/test_zombies.py", "tests/crash/test_woken_after_send.py"]
    return {
        "a death at every point": ["bench.crash.exhaustive", "--sample", "60", *database],
        "zombies": ["pytest", "-q", "-x", "-p", "no:cacheprovider", *zombies],
        "killed at random": ["bench.crash", "--kills", str(arguments.kills), "--seed", str(arguments.seed), *database],
    }


def tell(run: list[str], source: Path) -> str:
    """Why the run was red; "" when it was green. One that breaks down did not judge, and is red all the same.

    Raises FileNotFoundError.
    """
    # A pytest of ours puts the unchanged source first for itself; the programs that its tests start have the fault.
    path = os.pathsep.join([str(source), str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONPATH": path}
    command = [sys.executable, "-m", *run]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if not (source / "doorward").is_dir():
        # Python goes on with the unchanged source then, and the mutation would pass for unseen.
        raise FileNotFoundError(f"somebody removed {source} meanwhile")
    if done.returncode == 0:
        return ""
    said = done.stdout + done.stderr
    found = sorted(set(re.findall(rf"({'|'.join(KINDS)}): ", said)))
    failed = re.search(r"^FAILED (\S+)", said, re.MULTILINE)
    if failed and not found:
        return failed[1]
    last_line = said.strip().rpartition("\n")[2].rpartition("Stuck: ")[2]
    return ", ".join(found) or last_line or f"ended with {done.returncode}"


def line(bite: Bite) -> str:
    seen = f"{bite.run}: {bite.violations}" if bite.run else "NOT SEEN"
    return f"{bite.mutation:32}{seen} ({bite.seconds:.0f} s)"


if __name__ == "__main__":
    sys.exit(main())
