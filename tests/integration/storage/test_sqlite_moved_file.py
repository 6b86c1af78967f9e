"""The database file or its log is deleted or replaced under a running server: nothing more is promised."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from doorward.storage.contract import Database, Transaction
from doorward.storage.errors import CommitUnknown, DatabaseMoved


async def put(tx: Transaction, key: str) -> None:
    await tx.execute("INSERT INTO settings (key, value) VALUES (:key, '')", {"key": key})


async def keys_in(database: Database) -> set[str]:
    return {row["key"] for row in await database.reader.fetch_all("SELECT key FROM settings")}


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def delete(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    """As a backup that is copied beside it and moved into its place."""
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    copy.rename(path)


def move(path: Path, to: Path) -> None:
    path.rename(to)


def content(path: Path) -> bytes:
    return path.read_bytes()


@pytest.mark.parametrize("harm", [delete, replace])
@pytest.mark.parametrize("name_of", [lambda path: path, log_of], ids=["file", "log"])
async def test_no_commit_is_promised_any_more(
    file: Database, path: Path, harm: Callable[[Path], None], name_of: Callable[[Path], Path]
) -> None:
    await file.transaction(lambda tx: put(tx, "before"))
    await file.require_usable()
    harm(name_of(path))
    with pytest.raises(DatabaseMoved) as caught:
        await file.transaction(lambda tx: put(tx, "after"))
    assert ("deleted" if harm is delete else "replaced") in str(caught.value)
    with pytest.raises(DatabaseMoved):
        await file.require_usable()
    assert await keys_in(file) == {"before"}


async def test_the_same_file_put_back_is_used_again(file: Database, path: Path) -> None:
    away = path.with_name("away")
    move(path, away)
    with pytest.raises(DatabaseMoved):
        await file.transaction(lambda tx: put(tx, "refused"))
    move(away, path)
    await file.require_usable()
    await file.transaction(lambda tx: put(tx, "taken"))
    assert await keys_in(file) == {"taken"}


async def test_a_commit_during_which_the_file_went_is_not_promised(file: Database, path: Path) -> None:
    async def lose(tx: Transaction) -> None:
        await put(tx, "x")
        move(path, path.with_name("away"))

    with pytest.raises(CommitUnknown):
        await file.transaction(lose)


async def test_a_file_that_took_the_place_is_never_touched(file: Database, path: Path) -> None:
    await file.transaction(lambda tx: put(tx, "before"))
    other = path.with_name("other")
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE settings (key TEXT)")
    connection.close()
    before = content(other)
    move(other, path)
    with pytest.raises(DatabaseMoved):
        await file.transaction(lambda tx: put(tx, "after"))
    await file.close()
    assert content(path) == before
