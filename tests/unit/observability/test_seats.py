"""Counts of several processes are told as one, whoever is asked; what a dead one counted stays."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from doorward.observability.counting import added, from_bytes, to_bytes
from doorward.observability.metrics import Metrics, make_metrics
from doorward.observability.seats import HALF_BYTES, Seat, Slot, make_places

KEYS = st.tuples(st.text(), st.lists(st.tuples(st.text(), st.text())).map(tuple))
COUNTS = st.dictionaries(KEYS, st.floats(min_value=0, max_value=1e12))


@given(COUNTS)
def test_counts_survive_the_way(counts: dict[tuple[str, tuple[tuple[str, str], ...]], float]) -> None:
    assert from_bytes(to_bytes(counts)) == counts


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_a_slot_holds_the_last_that_was_laid_down(payloads: list[bytes]) -> None:
    slot = Slot()
    for payload in payloads:
        slot.write(payload)
        assert slot.read() == payload
    assert slot.edition == len(payloads)


def test_what_is_too_large_leaves_the_last_edition() -> None:
    slot = Slot()
    slot.write(b"small")
    slot.write(b"x" * HALF_BYTES)
    assert slot.read() == b"small"


def counting(attempts: int) -> Metrics:
    metrics = make_metrics()
    metrics.delivery_attempts.labels("crm").inc(attempts)
    metrics.hash_seconds.observe(attempts)
    metrics.alerts_open.labels("paused").set(attempts)
    return metrics


def samples(text: bytes) -> dict[str, float]:
    """By name and the value of the label that tells them apart."""
    return {
        f"{each.name} {each.labels.get('le', '')}".strip(): each.value
        for family in text_string_to_metric_families(text.decode())
        for each in family.samples
    }


async def test_whoever_is_asked_tells_of_all() -> None:
    places = make_places(3)
    metrics = [counting(1), counting(2), counting(4)]
    seats = [Seat(places, number) for number in range(3)]
    with seats[0].taken(metrics[0].counts), seats[1].taken(metrics[1].counts), seats[2].taken(metrics[2].counts):
        for seat, own in zip(seats, metrics, strict=True):
            told = samples(own.render(await seat.total(own.counts())))
            assert told["doorward_delivery_attempts_total"] == 7
            assert told["doorward_password_hash_seconds_count"] == 3
            assert told["doorward_password_hash_seconds_sum"] == 7
            assert told["doorward_password_hash_seconds_bucket 2.0"] == 2
            # A gauge is the asked one's own: it was read from the database just now.
            assert told["doorward_alerts_open"] == samples(own.render())["doorward_alerts_open"]


async def test_what_a_dead_process_counted_stays_and_goes_on() -> None:
    places = make_places(2)
    asked = counting(1)
    seat = Seat(places, 0)
    with Seat(places, 1).taken(counting(10).counts):
        pass
    later = Seat(places, 1)
    with later.taken(counting(5).counts), seat.taken(asked.counts):
        total = await seat.total(asked.counts())
    assert samples(asked.render(total))["doorward_delivery_attempts_total"] == 16


async def test_one_that_does_not_answer_is_counted_as_it_was_known() -> None:
    places = make_places(2)
    with Seat(places, 1).taken(counting(10).counts):
        pass
    asked = counting(1)
    async with asyncio.timeout(30):
        total = await Seat(places, 0).total(asked.counts())
    assert samples(asked.render(total))["doorward_delivery_attempts_total"] == 11


def test_of_two_births_the_earlier_is_told() -> None:
    key = ("doorward_delivery_attempts_created", (("destination", "crm"),))
    assert added([{key: 20.0}, {key: 10.0}, {key: 30.0}]) == {key: 10.0}
