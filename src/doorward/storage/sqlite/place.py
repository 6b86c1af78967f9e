"""Whether the files that are open still lie where they were opened. SQLite goes on with deleted ones without a word.

What is committed into a deleted file is gone when the process ends, and nobody else ever sees it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from doorward.storage.errors import DatabaseMoved


@dataclass(frozen=True, slots=True)
class Place:
    """Device and inode of the database file and its write-ahead log, as they were when they were opened."""

    files: Mapping[Path, tuple[int, int]]

    @classmethod
    def of(cls, path: Path) -> Self:
        """Call it while a connection is open that has read: the log exists by then, and stays as long as it is open."""
        files = (path, log_of(path))
        return cls({each: found for each in files if (found := find_inode(each)) is not None})

    def require_in_place(self) -> None:
        """Raises DatabaseMoved. Costs some microseconds."""
        for path, inode in self.files.items():
            found = find_inode(path)
            if found != inode:
                raise DatabaseMoved(
                    f"{path.name} was {'deleted' if found is None else 'replaced'} while it was in use. "
                    "Nothing is written any more. Put the right file in its place and restart the server."
                )


def log_of(path: Path) -> Path:
    """The write-ahead log beside a database file."""
    return path.with_name(f"{path.name}-wal")


def find_inode(path: Path) -> tuple[int, int] | None:
    """Where the path leads now; None when there is nothing, or nothing that may be looked at."""
    try:
        found = os.stat(path)  # noqa: PTH116 - before and after every commit, and Path.stat takes twice as long
    except OSError:
        return None
    return found.st_dev, found.st_ino
