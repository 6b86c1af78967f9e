"""The arithmetic of the sliding window."""

from hypothesis import given
from hypothesis import strategies as st

from doorward.delivery.budget import recent, wait_us

INTERVAL_US = 10_000_000
TIMES = st.lists(st.integers(0, 40_000_000), max_size=30)


@given(TIMES, st.integers(0, 40_000_000), st.integers(1, 10), st.integers(1, 12))
def test_after_the_wait_it_fits_and_before_it_does_not(calls: list[int], now: int, limit: int, wanted: int) -> None:
    window = recent(calls, now, INTERVAL_US)[-limit:]
    wait = wait_us(window, limit, wanted, now, INTERVAL_US)
    room = limit - len(recent(window, now + wait, INTERVAL_US))
    assert room >= min(wanted, limit)
    if wait > 1:
        assert limit - len(recent(window, now + wait - 1, INTERVAL_US)) < min(wanted, limit)
    assert wait <= INTERVAL_US


@given(TIMES, st.integers(0, 40_000_000))
def test_a_clock_that_was_set_back_blocks_for_one_interval_at_most(calls: list[int], now: int) -> None:
    window = recent(calls, now, INTERVAL_US)
    assert all(now - INTERVAL_US < call <= now for call in window)
    assert window == sorted(window)
