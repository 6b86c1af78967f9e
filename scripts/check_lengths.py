"""Fails when a source or test file is longer than 400 lines; prints the median."""

import statistics
import sys
from pathlib import Path

LIMIT = 400
ROOT = Path(__file__).resolve().parent.parent
PLACES = ("src", "tests", "bench", "scripts")


def main() -> int:
    sizes = {
        path: len(path.read_text().splitlines()) for place in PLACES for path in sorted((ROOT / place).rglob("*.py"))
    }
    too_long = {path: size for path, size in sizes.items() if size > LIMIT}
    for path, size in too_long.items():
        print(f"{path.relative_to(ROOT)}: {size} lines, over {LIMIT}: one idea per file", file=sys.stderr)
    source = [size for path, size in sizes.items() if ROOT / "src" in path.parents]
    print(f"{len(sizes)} files, median {statistics.median(source):.0f} lines in src, longest {max(sizes.values())}")
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main())
