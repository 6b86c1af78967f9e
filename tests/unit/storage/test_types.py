"""Adapting parameters, reading columns."""

from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from types import MappingProxyType
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.clock import EPOCH
from doorward.storage.errors import UnstorableValue
from doorward.storage.types import (
    adapt,
    read_bool,
    read_bytes,
    read_json,
    read_optional_json,
    read_optional_time,
    read_optional_uuid,
    read_time,
    read_uuid,
)


class Word(StrEnum):
    ONE = "one"


class Number(IntEnum):
    TWO = 2


def test_adapting() -> None:
    key = uuid4()
    assert adapt(key) is key
    assert adapt(EPOCH + timedelta(seconds=1)) == 1_000_000
    assert adapt({"a": [1, None]}) == '{"a":[1,null]}'
    assert adapt([key]) == f'["{key}"]'
    assert adapt(("a",)) == '["a"]'
    assert adapt(MappingProxyType({"a": 1})) == '{"a":1}'
    assert type(adapt(Word.ONE)) is str
    assert type(adapt(Number.TWO)) is int
    assert adapt(True) is True
    assert adapt(memoryview(b"x")) == b"x"
    assert [adapt(value) for value in (None, 1.5, b"\x00", "ü")] == [None, 1.5, b"\x00", "ü"]


@pytest.mark.parametrize(
    "value", ["a\x00", "\udfff", 2**63, -(2**63) - 1, {"a": "\x00"}, {"a": ["\ud800"]}, [object()]]
)
def test_what_a_database_would_refuse(value: object) -> None:
    with pytest.raises(UnstorableValue):
        adapt(value)


def test_other_types_are_the_programs_fault() -> None:
    with pytest.raises(TypeError, match="complex"):
        adapt(1j)


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))])))
def test_times_return_exactly_and_in_utc(moment: datetime) -> None:
    again = read_time(adapt(moment))
    assert again == moment
    assert again.tzinfo is UTC


def test_reading() -> None:
    key = uuid4()
    assert read_uuid(str(key)) == key
    assert type(read_uuid(key)) is UUID
    assert (read_bool(1), read_bool(False)) == (True, False)
    assert read_json('{"a":1}') == {"a": 1}
    assert read_bytes(memoryview(b"x")) == b"x"
    assert [read(None) for read in (read_optional_uuid, read_optional_time, read_optional_json)] == [None] * 3
    assert read_optional_uuid(str(key)) == key
    assert read_optional_json("[1]") == [1]
    assert read_optional_time(0) == EPOCH
