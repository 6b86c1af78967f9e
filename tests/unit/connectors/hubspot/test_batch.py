"""What became of each record: matched by trace id, in any order, even when HubSpot refuses a batch for one of them."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.connectors.hubspot.batch import matched, send_batch
from doorward.connectors.hubspot.complaint import read_complaint
from doorward.connectors.hubspot.errors import Problem, Verdict, classify
from doorward.connectors.hubspot.transport import CallRefused
from doorward.connectors.hubspot.wire import BatchAnswer, BatchInput, Contact, read_batch


def record(number: int, **properties: str) -> BatchInput:
    return BatchInput(f"identity-{number}", properties or {"email": f"{number}@x.example"}, f"trace-{number}", "key")


def error_of(trace: str, code: str, name: str = "email") -> dict[str, Any]:
    return {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "message": "no",
        "context": {"objectWriteTraceId": [trace]},
        "errors": [{"code": code, "message": "no", "context": {"propertyName": [name]}}],
    }


@given(
    count=st.integers(1, 100),
    seed=st.integers(),
    fates=st.lists(st.sampled_from(["ok", "bad", "silent"]), min_size=100, max_size=100),
)
def test_every_record_finds_its_own_result(count: int, seed: int, fates: list[str]) -> None:
    inputs = [record(number) for number in range(count)]
    results = [
        {"id": str(1000 + n), "properties": {}, "objectWriteTraceId": f"trace-{n}", "new": n % 2 == 0}
        for n in range(count)
        if fates[n] == "ok"
    ]
    errors = [error_of(f"trace-{n}", "INVALID_EMAIL") for n in range(count) if fates[n] == "bad"]
    shuffler = random.Random(seed)
    shuffler.shuffle(results)
    shuffler.shuffle(errors)
    written = matched(inputs, read_batch({"results": results, "errors": errors}, 207))
    assert written.keys() == {each.trace_id for each in inputs}
    for n in range(count):
        found = written[f"trace-{n}"]
        if fates[n] == "ok":
            assert isinstance(found, Contact)
            assert found.id == str(1000 + n)
        else:
            assert isinstance(found, Problem)
            assert found.verdict is (Verdict.VALUE if fates[n] == "bad" else Verdict.UNKNOWN)


@pytest.mark.parametrize("body", [None, [], "x", {"results": 7}, {"results": [None, {"id": None}], "errors": [3]}])
def test_an_answer_that_is_none_leaves_everything_unknown(body: Any) -> None:
    written = matched([record(1), record(2)], read_batch(body, 200))
    assert all(isinstance(each, Problem) and each.verdict is Verdict.UNKNOWN for each in written.values())


def test_records_are_named_by_id_where_there_is_no_trace() -> None:
    missing = {"category": "OBJECT_NOT_FOUND", "message": "gone", "context": {"ids": ["identity-2"]}}
    ok = {"id": "9", "properties": {}, "objectWriteTraceId": "trace-1"}
    written = matched([record(1), record(2)], read_batch({"results": [ok], "errors": [missing]}, 207))
    gone = written["trace-2"]
    assert isinstance(gone, Problem)
    assert gone.verdict is Verdict.GONE


class Portal:
    """Refuses a batch as a whole while it holds a record that `is_bad`; remembers what it wrote."""

    def __init__(self, bad: set[str], status: int, body: Any) -> None:
        self.bad, self.status, self.body = bad, status, body
        self.written: list[str] = []
        self.calls = 0

    async def upsert(self, inputs: Sequence[BatchInput]) -> BatchAnswer:
        self.calls += 1
        if any(each.trace_id in self.bad for each in inputs):
            raise CallRefused(classify(read_complaint(self.status, self.body)))
        self.written += [each.trace_id for each in inputs]
        contacts = tuple(Contact(each.id, {}, each.trace_id) for each in inputs)
        return BatchAnswer(contacts, (), 200)


WHOLE = {"category": "VALIDATION_ERROR", "message": "no", "errors": [{"code": "INVALID_EMAIL", "message": "no"}]}


@given(bad=st.sets(st.integers(0, 99), max_size=4))
async def test_one_bad_record_does_not_hold_back_the_others(bad: set[int]) -> None:
    inputs = [record(number) for number in range(100)]
    portal = Portal({f"trace-{n}" for n in bad}, 400, WHOLE)
    written = await send_batch(portal.upsert, inputs)
    assert sorted(portal.written) == sorted(f"trace-{n}" for n in range(100) if n not in bad)
    assert {trace for trace, each in written.items() if isinstance(each, Problem)} == portal.bad
    assert portal.calls <= 1 + 14 * len(bad)


async def test_a_missing_property_stops_only_the_records_that_send_it() -> None:
    inputs = [record(1, email="a"), record(2, email="b", nope="x"), record(3, email="c")]
    body = {
        "category": "VALIDATION_ERROR",
        "message": "no",
        "errors": [{"code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["nope"]}}],
    }
    portal = Portal({"trace-2"}, 400, body)
    written = await send_batch(portal.upsert, inputs)
    assert portal.written == ["trace-1", "trace-3"]
    assert portal.calls == 2
    blamed = written["trace-2"]
    assert isinstance(blamed, Problem)
    assert blamed.verdict is Verdict.DEFINITION


@pytest.mark.parametrize("status", [401, 403, 423, 429, 477, 500, 503, 524])
async def test_what_concerns_everybody_is_asked_once(status: int) -> None:
    portal = Portal({"trace-1"}, status, None)
    written = await send_batch(portal.upsert, [record(1), record(2), record(3)])
    assert portal.calls == 1
    assert len(set(map(id, written.values()))) == 1


async def test_a_demanded_property_that_was_sent_is_a_matter_of_the_value() -> None:
    body = {
        "category": "VALIDATION_ERROR",
        "errors": [{"code": "MISSING_REQUIRED_PROPERTY", "context": {"propertyName": ["phone"]}}],
    }
    for properties, verdict in (({"phone": ""}, Verdict.VALUE), ({"email": "a"}, Verdict.RULE)):
        portal = Portal({"trace-1"}, 400, body)
        written = await send_batch(portal.upsert, [record(1, **properties)])
        problem = written["trace-1"]
        assert isinstance(problem, Problem)
        assert problem.verdict is verdict
