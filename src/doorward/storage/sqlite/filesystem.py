"""Whether a folder lies on a network file system, where SQLite's write-ahead log does not keep its promises.

Its index is memory that all processes share, and processes on two machines share none (sqlite.org/wal.html).
"""

import os
from collections.abc import Iterable
from pathlib import Path

from doorward.storage.errors import UnusableFile

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


def type_of_mount(lines: Iterable[str], path: Path) -> str:
    """The file system's type from the lines of `mountinfo` (proc(5)); empty when no mount holds the path."""
    best, found = -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        if len(fields := before.split()) < 5:
            continue
        mount = Path(fields[4].encode().decode("unicode_escape"))
        # Of several mounts on the same place the last one is seen.
        if path.is_relative_to(mount) and len(mount.parts) >= best:
            best, found = len(mount.parts), after.split(" ", 1)[0]
    return found
