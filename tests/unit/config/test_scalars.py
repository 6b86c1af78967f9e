"""Single values: what is taken, what is refused, and that nothing secret is shown."""

import contextlib
from datetime import timedelta
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.config.fields import About, ByteSize
from doorward.config.scalars import Wrong, format_duration, from_text, parse_duration, parse_scalar, shown
from doorward.config.secrets import Secret

YEARS = timedelta(days=3650)


@given(st.timedeltas(min_value=timedelta(), max_value=YEARS))
def test_a_duration_survives_being_written(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h30m", 5400), ("100ms", 0.1), ("7d", 604800), ("1.5h", 5400), ("0", 0), ("0s", 0), ("5us", 5e-6)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    with contextlib.suppress(Wrong):
        assert parse_duration(text) >= timedelta()


@pytest.mark.parametrize("text", ["", "1", "h", "1 h", "-1h", "1h ", "1w", "999999999999d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(Wrong):
        parse_duration(text)


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        (bool, True, True),
        (int, 3, 3),
        (float, 3, 3.0),
        (str, "a", "a"),
        (ByteSize, "128MB", 128 * 1024 * 1024),
        (ByteSize, 65536, 65536),
        (Literal["a", "b"], "b", "b"),
        (int, Secret("12"), 12),
        (bool, Secret("true"), True),
        (str, Secret("text"), "text"),
        (timedelta, Secret("1m"), timedelta(minutes=1)),
    ],
)
def test_values_that_are_taken(kind: Any, raw: object, expected: object) -> None:
    assert parse_scalar(kind, raw, About()) == expected


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (bool, "yes"),
        (bool, 1),
        (int, True),
        (int, 1.5),
        (int, "3"),
        (float, float("nan")),
        (float, "1"),
        (str, 3),
        (str, None),
        (timedelta, 30),
        (ByteSize, "lots"),
        (ByteSize, True),
        (Literal["a", "b"], "c"),
        (Literal["a", "b"], None),
        (Secret, 5),
    ],
)
def test_values_that_are_refused(kind: Any, raw: object) -> None:
    with pytest.raises(Wrong):
        parse_scalar(kind, raw, About())


def test_limits_of_numbers_and_secrets() -> None:
    about = About(least=2, most=4)

    assert parse_scalar(int, 4, about) == 4
    for raw in (1, 5):
        with pytest.raises(Wrong):
            parse_scalar(int, raw, about)
    with pytest.raises(Wrong, match="at least 16 characters"):
        parse_scalar(Secret, "short", About(least=16))


def test_a_boolean_as_text_only_where_kratos_has_it_as_text() -> None:
    assert parse_scalar(bool, "false", About(may_be_text=True)) is False
    with pytest.raises(Wrong):
        parse_scalar(bool, "false", About())


def test_text_from_the_environment() -> None:
    assert from_text(bool, "TRUE") is True
    assert from_text(int, "12") == 12
    assert from_text(float, "0.5") == 0.5
    assert from_text(int, "twelve") == "twelve"
    assert from_text(str, "12") == "12"


def test_what_is_shown_of_a_value() -> None:
    assert "hush" not in shown(Secret("hush"))
    assert shown({"password": "hush"}) == "a section with keys"
    assert shown(["hush"]) == "a list"
    assert len(shown("x" * 1000)) < 100
