"""Tells when files changed, by looking. What to do about it is the application's business.

Looking works where notifications do not: network file systems, and Kubernetes, which swaps a link under the file.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A file at one look. Times and size say when to read it again; only another digest is a change."""

    modified_ns: int
    size: int
    inode: int
    digest: str


async def every_second() -> None:
    """The ordinary pause between two looks."""
    await asyncio.sleep(EVERY_S)


async def watch(
    paths: Iterable[Path],
    pause: Callable[[], Awaitable[None]] = every_second,
    since: Mapping[Path, Seen] | None = None,
) -> AsyncIterator[frozenset[Path]]:
    """Yields the files whose content changed since the last look, appeared or vanished. Ends when it is closed.

    `since` is an earlier look, that of whoever read the files; without it the first one is taken now.
    """
    watched = tuple(paths)
    seen = look(watched, {}) if since is None else since
    while True:
        await pause()
        now = look(watched, seen)
        changed = frozenset(path for path in watched if _digest(now, path) != _digest(seen, path))
        seen = now
        if changed:
            yield changed


def look(paths: Iterable[Path], before: Mapping[Path, Seen]) -> dict[Path, Seen]:
    """Each readable file as it is now; one that looks untouched is not read again."""
    result: dict[Path, Seen] = {}
    for path in paths:
        try:
            status = path.stat()
            known = before.get(path)
            mark = (status.st_mtime_ns, status.st_size, status.st_ino)
            if known is not None and mark == (known.modified_ns, known.size, known.inode):
                result[path] = known
            else:
                result[path] = Seen(*mark, hashlib.sha256(path.read_bytes()).hexdigest())
        except OSError:
            continue
    return result


def _digest(seen: Mapping[Path, Seen], path: Path) -> str | None:
    return seen[path].digest if path in seen else None
