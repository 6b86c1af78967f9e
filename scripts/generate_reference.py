"""Writes docs/reference/configuration.md; with `--check` only tells whether it is what the code says."""

import sys
from pathlib import Path

from doorward.config.reference import render

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "configuration.md"


def main() -> int:
    """0 when the page is written, or was right already."""
    if "--check" in sys.argv[1:]:
        if PAGE.read_text() == render():
            return 0
        print(f"{PAGE.name} is not what the code says: run scripts/generate_reference.py", file=sys.stderr)
        return 1
    PAGE.write_text(render())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
