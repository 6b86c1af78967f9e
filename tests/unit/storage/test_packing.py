"""How writes are put together into one statement."""

import pytest

from doorward.storage.errors import StatementFailed
from doorward.storage.postgres.packing import Packer, joined
from doorward.storage.statements import StatementCache

INTO_A = "INSERT INTO a (x, y) VALUES (:x, :y)"
UPDATE_B = "UPDATE b SET y = :y WHERE x = :x AND y <> ':no' AND z = :y"
DELETE_C = "\n  DELETE FROM c WHERE x = :x"


def packed(*writes: tuple[str, dict[str, object]]) -> list[tuple[str, list[object]]]:
    packer = Packer(StatementCache())
    deferred = [packer.deferred(sql, params) for sql, params in writes]
    return [(pack.sql, list(pack.arguments)) for pack in packer.packs(deferred)]


def test_one_write_stays_as_it_is() -> None:
    assert packed((INTO_A, {"x": 1, "y": 2})) == [("INSERT INTO a (x, y) VALUES ($1, $2)", [1, 2])]


def test_writes_to_several_tables_go_together_and_count_on() -> None:
    [(text, values)] = packed((INTO_A, {"x": 1, "y": 2}), (UPDATE_B, {"x": 3, "y": 4}), (DELETE_C, {"x": 5}))
    assert text == (
        "WITH w0 AS (INSERT INTO a (x, y) VALUES ($1, $2)), "
        "w1 AS (UPDATE b SET y = $3 WHERE x = $4 AND y <> ':no' AND z = $3) DELETE FROM c WHERE x = $5"
    )
    assert values == [1, 2, 4, 3, 5]


def test_writes_to_one_table_keep_their_order() -> None:
    texts = [text for text, _ in packed((INTO_A, {"x": 1, "y": 2}), (DELETE_C, {"x": 3}), (INTO_A, {"x": 4, "y": 5}))]
    assert texts == [joined((INTO_A, DELETE_C)), joined((INTO_A,))]


@pytest.mark.parametrize("sql", ["SELECT 1", "WITH a AS (SELECT 1) DELETE FROM b", "TRUNCATE a", ""])
def test_anything_else_cannot_wait(sql: str) -> None:
    with pytest.raises(StatementFailed):
        packed((sql, {}))


def test_a_missing_value_is_told_at_once() -> None:
    with pytest.raises(StatementFailed, match=":y"):
        packed((INTO_A, {"x": 1}))
