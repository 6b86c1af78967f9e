"""Batches that begin side by side share what one of them learns of the portal; none goes out without it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from doorward.delivery.contract import Delivered, Job
from doorward.security.outgoing import OutgoingRequest, OutgoingResponse

MakeJob = Callable[..., Job]


class Slow:
    """The portal, whose answers to `path_end` take so many turns of the loop, the first one the longest."""

    def __init__(self, portal: Any, path_end: str, turns: list[int]) -> None:
        self._portal = portal
        self._path_end = path_end
        self._turns = turns

    async def send(self, request: OutgoingRequest, *, trusted: bool = False) -> OutgoingResponse:
        if request.url.partition("?")[0].endswith(self._path_end) and self._turns:
            for _ in range(self._turns.pop(0)):
                await asyncio.sleep(0)
        answer: OutgoingResponse = await self._portal.send(request, trusted=trusted)
        return answer


@pytest.mark.parametrize("path_end", ["/details", "/properties/2026-03/contacts"])
@pytest.mark.parametrize("turns", [[200], [0, 200], [50, 10, 400]])
async def test_no_first_batch_goes_out_without_the_definitions(
    bench: Any, make_job: MakeJob, path_end: str, turns: list[int]
) -> None:
    connector = bench.renew(Slow(bench.portal, path_end, turns))
    jobs = [make_job({"properties": {"email": f"p{n}@x.example"}, "lists": []}) for n in range(4)]
    answers = await asyncio.gather(*(connector.send([job]) for job in jobs))
    assert all(isinstance(outcome, Delivered) for answer in answers for outcome in answer.values())
    assert [held["doorward_consent_marketing"] for held in bench.portal.contacts.values()] == ["true"] * 4
    assert bench.portal.count("/details") == bench.portal.count("/properties/2026-03/contacts") == 1


@pytest.mark.parametrize("jump", [timedelta(hours=2), -timedelta(hours=2)])
async def test_definitions_are_learned_again_when_the_clock_has_moved(
    bench: Any, make_job: MakeJob, jump: timedelta
) -> None:
    person = {"properties": {"email": "ada@x.example"}, "lists": []}
    await bench.send(make_job(person))
    bench.clock.move(seconds=jump.total_seconds())
    await bench.send(make_job({**person, "properties": {"email": "bob@x.example"}}))
    assert bench.portal.count("/properties/2026-03/contacts") == 2
