"""What answers are packed in: opened where that was asked for, left as it came everywhere else."""

import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from doorward.security.egress import Egress, EgressFailed, EgressPolicy, OutgoingRequest
from http_target import Target, serve_target


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with serve_target() as served:
        yield served


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    opened = Egress(EgressPolicy(allow_private=True))
    await opened.start()
    yield opened
    await opened.close()


async def test_compressed_answers_are_opened_and_bounded(egress: Egress, target: Target) -> None:
    bomb = gzip.compress(b"x" * (1 << 20))
    target.answers["/z"] = lambda _: web.Response(body=bomb, headers={"Content-Encoding": "gzip"})
    whole = await egress.send(OutgoingRequest("GET", target.url("/z")))
    assert (len(whole.body), whole.truncated) == (1 << 20, False)
    exact = await egress.send(OutgoingRequest("GET", target.url("/z"), max_response_bytes=1 << 20))
    assert (len(exact.body), exact.truncated) == (1 << 20, False)
    cut = await egress.send(OutgoingRequest("GET", target.url("/z"), max_response_bytes=1000))
    assert (len(cut.body), cut.truncated) == (1000, True)


@pytest.mark.parametrize("label", ["br", "zstd", "gzip, gzip", "identity", "nonsense"])
async def test_an_answer_with_another_label_is_left_as_it_came(egress: Egress, target: Target, label: str) -> None:
    target.answers["/z"] = lambda _: web.Response(body=b"{}", headers={"Content-Encoding": label})
    assert (await egress.send(OutgoingRequest("GET", target.url("/z")))).body == b"{}"


async def test_who_asks_for_an_encoding_himself_gets_the_answer_as_it_came(egress: Egress, target: Target) -> None:
    packed = gzip.compress(b"{}")
    target.answers["/z"] = lambda _: web.Response(body=packed, headers={"Content-Encoding": "gzip"})
    asked = OutgoingRequest("GET", target.url("/z"), headers={"accept-encoding": "gzip"})
    assert (await egress.send(asked)).body == packed


@pytest.mark.parametrize("body", [b"{}", gzip.compress(b"{}")[:-4], gzip.compress(b"{}") + b"more"])
async def test_a_gzip_answer_that_is_none_tells_its_status_only(egress: Egress, target: Target, body: bytes) -> None:
    target.answers["/z"] = lambda _: web.Response(status=202, body=body, headers={"Content-Encoding": "GZip"})
    with pytest.raises(EgressFailed) as caught:
        await egress.send(OutgoingRequest("GET", target.url("/z")))
    assert (caught.value.kind, caught.value.answered and caught.value.answered.status) == ("protocol", 202)


async def test_a_connection_that_is_asked_to_close_closes(egress: Egress, target: Target) -> None:
    await egress.send(OutgoingRequest("GET", target.url(), headers={"Connection": "close"}))
    assert target.seen[0].headers["connection"] == "close"
