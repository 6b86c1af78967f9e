"""Which mount holds a path, from lines as Linux writes them."""

from pathlib import Path

import pytest

from doorward.storage.errors import UnusableFile
from doorward.storage.sqlite import filesystem
from doorward.storage.sqlite.filesystem import refuse_network, type_of_mount

LINES = [
    "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
    "30 22 0:40 / /srv rw,relatime shared:9 - nfs4 filer:/export rw,vers=4.2",
    "31 30 254:1 / /srv/local rw,relatime - xfs /dev/vdb rw",
    r"32 22 0:41 / /mnt/two\040wörds rw - cifs //filer/share rw",
    "33 22 0:42 / /over rw - ext4 /dev/vdc rw",
    "34 22 0:43 / /over rw - 9p host rw",
    "a line that is none",
]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/doorward/db", "ext4"),
        ("/srv/db", "nfs4"),
        ("/srvother/db", "ext4"),
        ("/srv/local/db", "xfs"),
        ("/mnt/two wörds/db", "cifs"),
        ("/over/db", "9p"),
    ],
)
def test_the_innermost_and_latest_mount_counts(path: str, kind: str) -> None:
    assert type_of_mount(LINES, Path(path)) == kind


def test_no_mounts_no_type() -> None:
    assert type_of_mount([], Path("/x")) == ""


def test_a_network_file_system_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / {tmp_path} rw - nfs4 filer:/x rw\n")
    monkeypatch.setattr(filesystem, "MOUNTS", mounts)
    with pytest.raises(UnusableFile, match="nfs4"):
        refuse_network(tmp_path / "doorward.sqlite")
    refuse_network(Path("/elsewhere/doorward.sqlite"))


def test_unreadable_mounts_stop_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filesystem, "MOUNTS", tmp_path / "nothing")
    refuse_network(tmp_path / "doorward.sqlite")
