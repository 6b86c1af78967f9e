"""Named parameters for PostgreSQL."""

import pytest

from doorward.storage.errors import StatementFailed
from doorward.storage.statements import StatementCache, compile_statement


@pytest.mark.parametrize(
    ("sql", "compiled", "names"),
    [
        ("SELECT 1", "SELECT 1", ()),
        ("SELECT :a, :b, :a", "SELECT $1, $2, $1", ("a", "b")),
        ("SELECT :a::uuid, x::text", "SELECT $1::uuid, x::text", ("a",)),
        ("SELECT ':a', 'it''s :b', :c", "SELECT ':a', 'it''s :b', $1", ("c",)),
        ('SELECT ":a", :b', 'SELECT ":a", $1', ("b",)),
        ("SELECT 1 -- :a\n, :b", "SELECT 1 -- :a\n, $1", ("b",)),
        ("SELECT /* :a\n:c */ :b", "SELECT /* :a\n:c */ $1", ("b",)),
        ("SELECT xs[1:2], :a_1", "SELECT xs[1:2], $1", ("a_1",)),
        ("VALUES(:a,:b)", "VALUES($1,$2)", ("a", "b")),
    ],
)
def test_compiling(sql: str, compiled: str, names: tuple[str, ...]) -> None:
    result = compile_statement(sql)
    assert (result.sql, result.names) == (compiled, names)


def test_arguments_follow_the_names_and_ignore_what_is_not_asked_for() -> None:
    assert compile_statement("SELECT :b, :a").arguments({"a": 1, "b": "x", "c": 3}) == ["x", 1]


def test_a_missing_value_is_named() -> None:
    with pytest.raises(StatementFailed, match=":b"):
        compile_statement("SELECT :a, :b").arguments({"a": 1})


def test_a_statement_is_compiled_once() -> None:
    cache = StatementCache()
    assert cache.get_compiled("SELECT :a") is cache.get_compiled("SELECT :a")
