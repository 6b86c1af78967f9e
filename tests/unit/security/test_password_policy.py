"""Length and similarity, checked against a plain reading of the rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.security.password_policy import (
    PolicySettings,
    TooLong,
    TooShort,
    TooSimilar,
    check_password,
    is_similar,
    is_within_edits,
    shares_more_than_half,
)

SHORT_TEXT = st.text("abcA", max_size=12)


def distance(first: str, second: str) -> int:
    """Levenshtein by the book."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        last, row = row, [i]
        for j, b in enumerate(second, 1):
            row.append(min(last[j] + 1, row[-1] + 1, last[j - 1] + (a != b)))
    return row[-1]


def longest_run(first: bytes, second: bytes) -> int:
    runs = (j - i for i in range(len(first)) for j in range(i + 1, len(first) + 1) if first[i:j] in second)
    return max(runs, default=0)


@given(SHORT_TEXT, SHORT_TEXT, st.integers(0, 6))
def test_banded_distance_agrees_with_the_whole_table(first: str, second: str, limit: int) -> None:
    assert is_within_edits(first, second, limit) is (distance(first, second) <= limit)


@given(SHORT_TEXT, SHORT_TEXT)
def test_window_agrees_with_the_longest_common_run(password: str, identifier: str) -> None:
    first, second = password.encode(), identifier.encode()
    assert shares_more_than_half(first, second) is (longest_run(first, second) * 2 > len(first))


@pytest.mark.parametrize(
    ("password", "identifier", "similar"),
    [
        ("anna@example.org", "anna@example.org", True),
        ("ANNA@EXAMPLE.ORG", "anna@example.org", True),
        ("anna@example.org1234", "anna@example.org", True),
        ("example.org", "anna@example.org", True),
        ("x" * 300 + "anna@example.org", "anna@example.org", False),
        ("a quiet lake in May", "anna@example.org", False),
        ("whatever", "", False),
        ("a" * 257, "a" * 257, False),
    ],
)
def test_similarity(password: str, identifier: str, similar: bool) -> None:
    assert is_similar(password, identifier) is similar


def test_the_first_reason_is_given_with_its_numbers() -> None:
    settings = PolicySettings(max_length=72)
    assert check_password("seven77", [], settings) == TooShort(8, 7)
    assert check_password("üüüü", [], settings) is None
    assert check_password("x" * 73, [], settings) == TooLong(72, 73)
    assert check_password("anna@example.org", ["b@c.de", "anna@example.org"], settings) == TooSimilar()
    assert check_password("anna@example.org", ["anna@example.org"], PolicySettings(is_similarity_checked=False)) is None


def test_a_megabyte_of_password_is_no_work() -> None:
    assert check_password("ab" * 500_000, ["ab" * 100], PolicySettings()) is None
