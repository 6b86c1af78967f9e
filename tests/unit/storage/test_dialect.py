"""What differs between the engines."""

import pytest

from doorward.storage.dialect import POSTGRES, SQLITE
from doorward.storage.migrations import MIGRATIONS


def test_macros_are_replaced_and_unknown_ones_refused() -> None:
    ddl = "CREATE TABLE t (id {uuid}, at {time}, j {json}, b {bool}, r {bytes})"
    assert SQLITE.render(ddl) == "CREATE TABLE t (id TEXT, at INTEGER, j TEXT, b INTEGER, r BLOB)"
    assert POSTGRES.render(ddl) == "CREATE TABLE t (id uuid, at bigint, j jsonb, b boolean, r bytea)"
    with pytest.raises(KeyError):
        SQLITE.render("{colour}")


def test_both_know_the_same_macros() -> None:
    assert SQLITE.types.keys() == POSTGRES.types.keys()


def test_released_steps_are_numbered_without_gaps() -> None:
    assert [step.version for step in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
