"""Plays the whole matrix on a database file and writes its page.

`PYTHONPATH=tests .venv/bin/python -m faults.write_page`
"""

import asyncio
import sys

from faults.founding import founded_town, sqlite_dsn
from faults.matrix import DEFAULTS, Switches, named, play_all, variants
from faults.page import PAGE, draw


async def main() -> int:
    """0 when every cell holds; else the failures are told and the page stays as it was."""
    with sqlite_dsn() as dsn:
        async with founded_town(dsn) as town:
            cells, failures = await play_all(town, [DEFAULTS, *variants()], _told)
    for each in failures:
        sys.stderr.write(f"{each}\n")
    if failures:
        return 1
    PAGE.write_text(draw(cells))
    return 0


def _told(switches: Switches) -> None:
    sys.stderr.write(f"{named(switches)}\n")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
