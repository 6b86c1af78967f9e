"""Queries as Kratos reads them."""

import pytest

from doorward.flows.query_string import first_of, query_pairs


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        ("", []),
        ("a=1&b=&c", [("a", "1"), ("b", ""), ("c", "")]),
        ("a=1;b=2&c=3", [("c", "3")]),
        ("a=1%3Bb=2", [("a", "1;b=2")]),
        ("a=x+y&a=%C3%BC", [("a", "x y"), ("a", "ü")]),
        ("&&", []),
    ],
)
def test_pairs(query: str, pairs: list[tuple[str, str]]) -> None:
    assert query_pairs(query) == pairs


def test_the_first_counts() -> None:
    assert first_of("a=1&a=2&b=3") == {"a": "1", "b": "3"}
