"""The policy: each thing is told once, its growth not too often, its end when it is one."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from doorward.delivery.alerts.model import Alert, Event, Kind, Subject, Trouble
from doorward.delivery.alerts.plan import CALM, Change, plan

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERY = timedelta(hours=1)
DEAD = Trouble(Subject(Kind.DEAD, "destination", "crm"), "deliveries_dead", "Refused.", NOW, 3)
PAUSED = Trouble(Subject(Kind.PAUSED, "destination", "crm"), "token_invalid", "Revoked.", NOW)


def told(trouble: Trouble, ago: timedelta = timedelta()) -> Alert:
    return Alert(uuid4(), trouble, 1, NOW - ago)


def events(changes: list[Change]) -> list[Event | None]:
    return [each.event for each in changes]


def test_a_new_trouble_is_told_and_a_known_one_is_not() -> None:
    assert events(plan([DEAD, PAUSED], [told(DEAD)], NOW, EVERY)) == [Event.RAISED]
    assert plan([DEAD], [told(DEAD, timedelta(days=9))], NOW, EVERY) == []


def test_more_deaths_are_told_when_it_is_time() -> None:
    more = replace(DEAD, number=900)
    assert plan([more], [told(DEAD, EVERY - timedelta(seconds=1))], NOW, EVERY) == []
    assert events(plan([more], [told(DEAD, EVERY)], NOW, EVERY)) == [Event.CHANGED]


def test_fewer_deaths_are_remembered_in_silence_so_that_a_new_one_counts() -> None:
    alert = told(DEAD, EVERY)
    (change,) = plan([replace(DEAD, number=1)], [alert], NOW, EVERY)
    assert (change.event, change.trouble) == (None, replace(DEAD, number=1))
    assert events(plan([replace(DEAD, number=2)], [replace(alert, trouble=replace(DEAD, number=1))], NOW, EVERY)) == [
        Event.CHANGED
    ]


def test_another_reason_is_told_at_once() -> None:
    assert events(plan([replace(PAUSED, code="scope_missing")], [told(PAUSED)], NOW, EVERY)) == [Event.CHANGED]


def test_a_pause_that_somebody_ended_is_over_at_once() -> None:
    assert events(plan([], [told(PAUSED)], NOW, EVERY)) == [Event.RECOVERED]
    timed = replace(PAUSED, until=NOW + timedelta(minutes=10))
    assert events(plan([], [told(timed)], NOW, EVERY)) == [Event.RECOVERED]


def test_a_pause_whose_time_is_over_may_be_renewed_in_silence() -> None:
    alert = told(replace(PAUSED, until=NOW))
    assert plan([], [alert], NOW, EVERY) == []
    assert plan([], [alert], NOW + CALM - timedelta(seconds=1), EVERY) == []
    renewed = replace(PAUSED, until=NOW + timedelta(minutes=10))
    assert events(plan([renewed], [alert], NOW + timedelta(seconds=5), EVERY)) == [None]
    assert events(plan([], [alert], NOW + CALM, EVERY)) == [Event.RECOVERED]


def test_a_clock_that_was_set_back_silences_nothing() -> None:
    alert = replace(told(DEAD), told_at=NOW + timedelta(days=1))
    assert events(plan([replace(DEAD, number=4)], [alert], NOW, EVERY)) == [Event.CHANGED]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7200)), max_size=60))
def test_whatever_happens_tellings_alternate_and_deaths_are_not_told_too_often(steps: list[tuple[int, int]]) -> None:
    """A life of one destination: so many are dead, so many seconds pass."""
    alert: Alert | None = None
    history: list[tuple[Event, datetime]] = []
    now = NOW
    for number, seconds in steps:
        now += timedelta(seconds=seconds)
        troubles = [replace(DEAD, number=number)] if number else []
        changes = plan(troubles, [] if alert is None else [alert], now, EVERY)
        assert len(changes) <= 1
        for change in changes:
            if change.event is not None:
                history.append((change.event, now))
            if change.trouble is None:
                alert = None
            else:
                at = now if change.event is not None or alert is None else alert.told_at
                alert = Alert(uuid4(), change.trouble, 1, at)
        assert (alert is None) == (number == 0)
    for (before, at), (after, later) in itertools.pairwise(history):
        assert (after is Event.RAISED) == (before is Event.RECOVERED)
        assert after is not Event.CHANGED or later - at >= EVERY
