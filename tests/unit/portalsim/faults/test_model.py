"""Which requests a fault hits: matching, counting, skipping, chance, time."""

import random
from typing import Any

import pytest

from portalsim.faults.model import KINDS, BadFault, Faults, Sample

SAMPLE = Sample("POST", "/crm/v3/objects/contacts/batch/upsert", b'{"email":"a@example.org"}', "t1", 3)


def hits(faults: Faults, times: int, now_ms: int = 0) -> list[bool]:
    return [bool(faults.choose(SAMPLE, now_ms)) for _ in range(times)]


def armed(**description: Any) -> Faults:
    faults = Faults(random.Random(1))
    faults.arm({"kind": "reset", **description}, now_ms=0)
    return faults


def test_the_next_three() -> None:
    assert hits(armed(count=3), 5) == [True, True, True, False, False]


def test_the_first_ones_may_pass() -> None:
    assert hits(armed(skip=2, count=1), 4) == [False, False, True, False]


def test_it_ends_on_the_virtual_clock() -> None:
    faults = armed(seconds=10)
    assert hits(faults, 1, now_ms=9_999) == [True]
    assert hits(faults, 1, now_ms=10_000) == [False]
    assert faults.list_all() == []


def test_chance_follows_the_seed() -> None:
    first, second = hits(armed(probability=0.5), 200), hits(armed(probability=0.5), 200)
    assert first == second
    assert 60 < sum(first) < 140


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"path": "/batch/"}, True),
        ({"path": "/lists"}, False),
        ({"method": "post"}, True),
        ({"method": "GET"}, False),
        ({"email": "a@example.org"}, True),
        ({"email": "b@example.org"}, False),
        ({"batch_min": 3}, True),
        ({"batch_min": 4}, False),
        ({"token": "t1"}, True),
        ({"token": "t2"}, False),
    ],
)
def test_what_a_request_must_look_like(match: dict[str, Any], *, fits: bool) -> None:
    assert hits(armed(match=match), 1) == [fits]


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"kind": "explosion"},
        {"kind": "reset", "count": "many"},
        {"kind": "reset", "match": {"colour": "red"}},
        {"kind": "reset", "match": "all"},
        {"kind": "reset", "probability": []},
    ],
)
def test_what_cannot_be_understood_is_not_armed(description: dict[str, Any]) -> None:
    faults = Faults(random.Random(1))
    with pytest.raises(BadFault):
        faults.arm(description, 0)
    assert faults.list_all() == []


def test_faults_are_disarmed_by_name_and_all_at_once() -> None:
    faults = armed()
    second = faults.arm({"kind": "latency"}, 0)
    assert faults.disarm(second.id)
    assert not faults.disarm(second.id)
    faults.clear()
    assert hits(faults, 1) == [False]


def test_every_kind_can_be_armed() -> None:
    faults = Faults(random.Random(1))
    for kind in KINDS:
        assert faults.arm({"kind": kind}, 0).to_json()["kind"] == kind
