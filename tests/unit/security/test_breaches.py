"""The breach list, asked at a stub server on the loopback."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from doorward.security.breaches import BreachList, BreachListAway, BreachSettings, count_in
from doorward.security.egress import Egress
from doorward.security.egress_policy import EgressPolicy
from doorward.security.password_policy import Breached

LEAKED = "correct horse"


@dataclass
class Stub:
    """Answers ranges like the public list; `status` and `body` override."""

    origin: str = ""
    paths: list[str] = field(default_factory=list)
    padding: list[str | None] = field(default_factory=list)
    status: int = 200
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        await self.gate.wait()
        self.padding.append(request.headers.get("Add-Padding"))
        digest = hashlib.sha1(LEAKED.encode()).hexdigest().upper()
        lines = ["0018A45C4D1DEF81644B54AB7F969B88D65:0"]
        if request.path.endswith(digest[:5]):
            lines.append(f"{digest[5:]}:42")
        return web.Response(text="\r\n".join(lines), status=self.status)


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    stub = Stub()
    stub.gate.set()
    app = web.Application()
    app.router.add_get("/range/{prefix}", stub.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    stub.origin = f"http://{host}:{port}"
    yield stub
    await runner.cleanup()


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    egress = Egress(EgressPolicy())
    await egress.start()
    yield egress
    await egress.close()


async def test_only_five_digits_leave_and_the_answer_is_padded(stub: Stub, egress: Egress) -> None:
    listed = BreachList(BreachSettings(host=stub.origin), egress)
    assert await listed.check(LEAKED) == Breached(42)
    assert await listed.check("a quiet lake in May") is None
    assert [len(path.removeprefix("/range/")) for path in stub.paths] == [5, 5]
    assert stub.padding == ["true", "true"]


async def test_max_breaches_is_what_is_still_allowed(stub: Stub, egress: Egress) -> None:
    assert await BreachList(BreachSettings(host=stub.origin, max_breaches=42), egress).check(LEAKED) is None
    assert await BreachList(BreachSettings(host=stub.origin, max_breaches=41), egress).check(LEAKED) == Breached(42)


async def test_a_list_that_fails_is_ignored_or_named(stub: Stub, egress: Egress) -> None:
    stub.status = 500
    assert await BreachList(BreachSettings(host=stub.origin), egress).check(LEAKED) is None
    strict = BreachSettings(host=stub.origin, is_network_error_ignored=False)
    with pytest.raises(BreachListAway):
        await BreachList(strict, egress).check(LEAKED)


async def test_a_host_that_is_not_there(egress: Egress) -> None:
    nowhere = "http://127.0.0.1:1"
    assert await BreachList(BreachSettings(host=nowhere), egress).check(LEAKED) is None
    with pytest.raises(BreachListAway):
        await BreachList(BreachSettings(host=nowhere, is_network_error_ignored=False), egress).check(LEAKED)


async def test_a_list_that_never_answers_is_not_waited_for(stub: Stub, egress: Egress) -> None:
    stub.gate.clear()
    assert await BreachList(BreachSettings(host=stub.origin), egress).check(LEAKED) is None
    stub.gate.set()


async def test_disabled_asks_nobody(stub: Stub, egress: Egress) -> None:
    assert await BreachList(BreachSettings(is_enabled=False, host=stub.origin), egress).check(LEAKED) is None
    assert stub.paths == []


def test_the_public_list_is_asked_over_https() -> None:
    assert BreachSettings().range_url("ABCDE") == "https://api.pwnedpasswords.com/range/ABCDE"


@pytest.mark.parametrize(("text", "count"), [("", 0), ("AB:3", 0), ("ab12:7\n", 7), ("AB12:x", 0), ("AB12", 0)])
def test_lines_of_any_shape(text: str, count: int) -> None:
    assert count_in(text, "AB12") == count
