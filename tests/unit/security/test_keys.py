"""The development key's file."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from doorward.security.cipher import Cipher
from doorward.security.keys import KeyFileUnusable, dev_key_file


def test_the_file_is_made_once_for_this_user_only(tmp_path: Path) -> None:
    path = tmp_path / "doorward.key"
    secret = dev_key_file(path)
    assert dev_key_file(path) == secret
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["doorward.key"]
    Cipher([secret])


def test_many_starters_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: dev_key_file(tmp_path / "k"), range(32)))
    assert len(secrets) == 1


def test_a_file_open_to_others_or_empty_or_unreachable_is_refused(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.write_text("x" * 40)
    shared.chmod(0o644)
    with pytest.raises(KeyFileUnusable, match="chmod 600"):
        dev_key_file(shared)
    empty = tmp_path / "empty"
    empty.touch(0o600)
    with pytest.raises(KeyFileUnusable, match="empty"):
        dev_key_file(empty)
    with pytest.raises(KeyFileUnusable, match="cannot be used"):
        dev_key_file(tmp_path / "nowhere" / "k")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    binary.chmod(0o600)
    with pytest.raises(KeyFileUnusable, match="not text"):
        dev_key_file(binary)
