"""Values become the texts that HubSpot's property types take, or a refusal that does not quote them."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.clock import from_micros
from doorward.connectors.hubspot.catalogue import PropertyDefinition
from doorward.connectors.hubspot.coerce import LONGEST_TEXT, ValueRefused, coerce

STRING = PropertyDefinition("text", "string", "text")
BOOL = PropertyDefinition("flag", "bool", "booleancheckbox", frozenset({"true", "false"}))
NUMBER = PropertyDefinition("size", "number", "number")
DATE = PropertyDefinition("day", "date", "date")
DATETIME = PropertyDefinition("moment", "datetime", "date")
ONE = PropertyDefinition("tier", "enumeration", "select", frozenset({"gold", "silver"}))
MANY = PropertyDefinition("topics", "enumeration", "checkbox", frozenset({"a", "b", "c"}))
OWNER = PropertyDefinition("hubspot_owner_id", "enumeration", "select")
ALL = (STRING, BOOL, NUMBER, DATE, DATETIME, ONE, MANY, OWNER)

GOOD: list[tuple[PropertyDefinition | None, Any, str]] = [
    (STRING, "Jo", "Jo"),
    (STRING, 7, "7"),
    (STRING, True, "true"),
    (STRING, ["a", "b"], "a;b"),
    (BOOL, True, "true"),
    (BOOL, "False", "false"),
    (NUMBER, 3, "3"),
    (NUMBER, 1.5, "1.5"),
    (NUMBER, 1e21, "1000000000000000000000"),
    (NUMBER, 1e-7, "0.0000001"),
    (NUMBER, " 12.50 ", "12.50"),
    (DATE, "2026-03-02", "2026-03-02"),
    (DATE, "2026-03-02T23:30:00-05:00", "2026-03-03"),
    (DATE, 1772409600000, "2026-03-02"),
    (DATETIME, "2026-03-02T10:11:12.345678Z", "2026-03-02T10:11:12.345Z"),
    (DATETIME, "2026-03-02", "2026-03-02T00:00:00.000Z"),
    (DATETIME, "1772446272345", "2026-03-02T10:11:12.345Z"),
    (ONE, "gold", "gold"),
    (MANY, ["a", "c"], "a;c"),
    (MANY, "a; b", "a;b"),
    (MANY, ";c", ";c"),
    (OWNER, "4711", "4711"),
    (None, {"x": 1}.get("y"), ""),
    (None, 7, "7"),
]
BAD: list[tuple[PropertyDefinition, Any]] = [
    (STRING, {"a": 1}),
    (STRING, "x" * (LONGEST_TEXT + 1)),
    (BOOL, "yes"),
    (BOOL, 1),
    (NUMBER, "1,000"),
    (NUMBER, True),
    (NUMBER, float("nan")),
    (DATE, "2026-02-30"),
    (DATE, "tomorrow"),
    (DATETIME, 10**30),
    (ONE, "Gold"),
    (ONE, ["gold", "silver"]),
    (MANY, ["a", "z"]),
]


@pytest.mark.parametrize(("definition", "value", "text"), GOOD)
def test_values_become_texts(definition: PropertyDefinition | None, value: Any, text: str) -> None:
    assert coerce(value, "name", definition) == text


@pytest.mark.parametrize(("definition", "value"), BAD)
def test_wrong_values_are_refused_without_being_quoted(definition: PropertyDefinition, value: Any) -> None:
    with pytest.raises(ValueRefused) as refused:
        coerce(value, definition.name, definition)
    assert definition.name in str(refused.value)
    assert str(value)[:20] not in str(refused.value) or len(str(value)) < 3


def test_only_an_unknown_option_is_worth_another_look() -> None:
    with pytest.raises(ValueRefused) as option:
        coerce("bronze", "tier", ONE)
    with pytest.raises(ValueRefused) as number:
        coerce("many", "size", NUMBER)
    assert (option.value.may_be_stale, number.value.may_be_stale) == (True, False)


@pytest.mark.parametrize("definition", ALL)
def test_null_and_empty_clear_the_property(definition: PropertyDefinition) -> None:
    assert coerce(None, definition.name, definition) == coerce("", definition.name, definition) == ""


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
VALUES = SCALARS | st.lists(SCALARS, max_size=4) | st.dictionaries(st.text(max_size=4), SCALARS, max_size=2)


@given(value=VALUES, definition=st.sampled_from(ALL))
def test_any_value_gives_a_text_or_a_refusal(value: Any, definition: PropertyDefinition) -> None:
    try:
        text = coerce(value, definition.name, definition)
    except ValueRefused:
        return
    assert isinstance(text, str)
    if definition.options and text:
        assert set(text.lstrip(";").split(";")) <= definition.options


@given(moment=st.integers(10**14, 4 * 10**15).map(from_micros))
def test_a_moment_keeps_its_millisecond_in_every_form(moment: datetime) -> None:
    milliseconds = int(moment.replace(microsecond=0).timestamp()) * 1000 + moment.microsecond // 1000
    assert coerce(moment.isoformat(), "moment", DATETIME) == coerce(milliseconds, "moment", DATETIME)
    assert coerce(moment.isoformat(), "day", DATE) == moment.date().isoformat()


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_their_value_and_use_no_exponent(number: float) -> None:
    text = coerce(number, "size", NUMBER)
    assert float(text) == number
    assert "e" not in text.lower()
