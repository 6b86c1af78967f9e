"""One try of a message, and what becomes of the message after it."""

import functools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from aiohttp import web

from doorward.delivery.alerts.model import Message
from doorward.delivery.alerts.sender import DELAYS, GIVEN_UP_AFTER, Answer, Receiver, post, settled
from doorward.security.egress import Egress
from doorward.security.egress_policy import EgressPolicy
from doorward.security.signing import SigningKeys
from http_target import Target, serve_target

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEYS = SigningKeys((b"k" * 32,))
FAILED = Answer(503, "The receiver answered 503.")
MESSAGE = Message(uuid4(), uuid4(), 1, "{}", NOW, 1, NOW, None, None, None, None)


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with serve_target() as target:
        yield target


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    egress = Egress(EgressPolicy())
    await egress.start()
    yield egress
    await egress.close()


async def test_it_is_signed_and_the_address_may_be_private(target: Target, egress: Egress) -> None:
    assert await post(egress, Receiver(target.url("/in"), KEYS), "msg_1", '{"a":1}', NOW) == Answer(200, None)
    (seen,) = target.seen
    assert (seen.method, seen.body, seen.headers["content-type"]) == ("POST", b'{"a":1}', "application/json")
    KEYS.verify(seen.headers, seen.body, NOW)


async def test_an_answer_that_is_no_yes_is_a_failure(target: Target, egress: Egress) -> None:
    answers = {status: web.Response(status=status, headers={"Location": "/elsewhere"}) for status in (500, 404, 302)}
    for status, response in answers.items():
        target.answers["/in"] = functools.partial(lambda given, _: given, response)
        answer = await post(egress, Receiver(target.url("/in"), KEYS), "msg_1", "{}", NOW)
        assert (answer.http_status, answer.problem) == (status, f"The receiver answered {status}.")
    assert {each.path for each in target.seen} == {"/in"}


async def test_who_cannot_be_reached_or_may_not_be_called_is_told_without_the_path(egress: Egress) -> None:
    for url in ("http://127.0.0.1:9/a-secret", "http://169.254.169.254/a-secret"):
        answer = await post(egress, Receiver(url, KEYS), "msg_1", "{}", NOW)
        assert answer.http_status is None
        assert answer.problem
        assert "a-secret" not in answer.problem
    assert "a-secret" not in repr(Receiver("http://x/a-secret", KEYS))


def test_waits_grow_and_end_with_the_days() -> None:
    waits = [settled(replace(MESSAGE, attempts=tries), FAILED, NOW).not_before - NOW for tries in range(1, 12)]
    assert waits == [*DELAYS, *[DELAYS[-1]] * 3]
    last = settled(replace(MESSAGE, attempts=90), FAILED, NOW + GIVEN_UP_AFTER)
    assert (last.given_up_at, last.http_status) == (NOW + GIVEN_UP_AFTER, 503)


def test_what_arrived_is_sent_however_late() -> None:
    late = NOW + GIVEN_UP_AFTER + timedelta(days=1)
    after = settled(MESSAGE, Answer(204, None), late)
    assert (after.sent_at, after.given_up_at, after.problem) == (late, None, None)
