"""When a failed delivery is tried again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from delivery_house import CRM
from doorward.actions.model import RetryPolicy
from doorward.delivery.backoff import next_try, tries_allowed

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
DEFAULT = replace(CRM, retry=RetryPolicy())
AWAITED = replace(DEFAULT, first_delays=(timedelta(seconds=1), timedelta(seconds=2)))
SHARES = st.floats(0, 1)


@given(st.lists(SHARES, min_size=20, max_size=20))
def test_the_default_schedule_spans_a_day_and_three_hours_whatever_chance_says(shares: list[float]) -> None:
    moment = NOW
    for attempt in range(1, tries_allowed(DEFAULT)):
        later = next_try(DEFAULT, attempt, moment, spread=shares[attempt])
        assert later is not None
        assert later > moment
        moment = later
    assert timedelta(hours=27) <= moment - NOW <= timedelta(hours=31)
    assert next_try(DEFAULT, tries_allowed(DEFAULT), moment) is None


def test_what_a_request_waits_for_comes_first_and_is_exact() -> None:
    waits = [next_try(AWAITED, attempt, NOW, spread=1.0) for attempt in (1, 2, 3)]
    assert waits == [NOW + timedelta(seconds=each) for each in (1, 2, 5.5)]
    assert tries_allowed(AWAITED) == tries_allowed(DEFAULT) + 2


@given(SHARES, st.floats(-10, 1e7))
def test_retry_after_makes_it_later_and_never_longer_than_the_cap(share: float, asked_s: float) -> None:
    without, with_it = next_try(DEFAULT, 1, NOW, spread=share), next_try(DEFAULT, 1, NOW, asked_s, share)
    assert without is not None
    assert with_it is not None
    assert with_it >= without
    assert with_it >= NOW + min(timedelta(seconds=asked_s), timedelta(hours=1))
    assert with_it <= max(without, NOW + timedelta(hours=1))


def test_the_cap_does_not_shorten_the_schedule_itself() -> None:
    late = len(DEFAULT.retry.delays)
    assert next_try(DEFAULT, late, NOW, 5.0) == NOW + timedelta(hours=8)
