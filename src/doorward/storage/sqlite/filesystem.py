"""Whether the place of a database file is fit for SQLite's write-ahead log: said by name, before SQLite opens it.

On a network file system the log does not keep its promises: its index is memory that all processes share, and
processes on two machines share none (sqlite.org/wal.html).
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from doorward.storage.errors import UnusableFile

ESCAPED = re.compile(r"\\([0-7]{3})")
MOUNTS = Path("/proc/self/mountinfo")
NETWORK_TYPES = frozenset(
    {
        "nfs",
        "nfs3",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "coda",
        "lustre",
        "glusterfs",
        "ocfs2",
        "gfs2",
    }
    | {"beegfs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph-fuse", "fuse.s3fs", "fuse.rclone", "fuse.davfs", "davfs"}
)


def refuse_network(path: Path) -> None:
    """Raises UnusableFile. Says nothing where the mounts cannot be read."""
    try:
        lines = MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return
    found = type_of_mount(lines, Path(os.path.realpath(path)))
    if found in NETWORK_TYPES:
        raise UnusableFile(
            f"{path.parent} is on a network file system ({found}), where SQLite loses or damages data. "
            "Use a local disk, or PostgreSQL."
        )


def refuse_foreign_log(path: Path) -> None:
    """Raises UnusableFile when the log beside the file cannot be made, or is there and belongs to another user."""
    if path.is_file() and not os.access(path.parent, os.W_OK | os.X_OK):
        raise UnusableFile(f"{path.parent} cannot be written by this user: SQLite keeps its log beside the file.")
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists() and not os.access(beside, os.R_OK | os.W_OK):
            raise UnusableFile(
                f"{beside} belongs to another user, and may hold changes. Give it the owner of {path.name}, "
                "and run all commands as that user. Do not delete it."
            )


def type_of_mount(lines: Iterable[str], path: Path) -> str:
    """The file system's type from the lines of `mountinfo` (proc(5)); empty when no mount holds the path."""
    best, found = -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        if len(fields := before.split()) < 5:
            continue
        mount = Path(ESCAPED.sub(lambda found: chr(int(found[1], 8)), fields[4]))
        # Of several mounts on the same place the last one is seen.
        if path.is_relative_to(mount) and len(mount.parts) >= best:
            best, found = len(mount.parts), after.split(" ", 1)[0]
    return found
