"""Parts lose nothing, keep the order and stay within their bounds."""

from hypothesis import given
from hypothesis import strategies as st

from doorward.actions.chunks import chunks


@given(st.lists(st.binary(max_size=20)), st.integers(1, 5), st.integers(1, 30))
def test_parts_are_the_whole_within_bounds(items: list[bytes], limit: int, limit_bytes: int) -> None:
    parts = chunks(items, limit, limit_bytes)
    assert [item for part in parts for item in part] == items
    for part in parts:
        assert 1 <= len(part) <= limit
        assert len(part) == 1 or sum(map(len, part)) <= limit_bytes
