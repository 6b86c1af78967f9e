"""Many more sign-ups at once than the machine can hash: some are let in, others are told at once, nothing is lost."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from running import PASSWORD, Server, Simulator, connected, request, running, until

pytestmark = pytest.mark.slow

CROWD = 400
MEMORY_MIB = 600.0


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with running(made := Simulator(tmp_path)):
        yield made


def busy_server(folder: Path, simulator: Simulator) -> Server:
    """With hashes as they are shipped: those are what makes it slow."""
    return connected(folder, simulator, f"dev: true\ndsn: sqlite://{folder}/doorward.sqlite\n")


async def begun(client: aiohttp.ClientSession, server: Server, count: int) -> list[str]:
    """The addresses to submit to, of so many flows."""

    async def one() -> str:
        async with client.get(f"{server.public}/self-service/registration/api") as answer:
            assert answer.status == 200
            action: str = (await answer.json())["ui"]["action"]
            return action

    return list(await asyncio.gather(*(one() for _ in range(count))))


async def submitted(client: aiohttp.ClientSession, address: str, number: int) -> tuple[int, Any, str | None]:
    """Status, body and Retry-After; status 0 when the server hung up."""
    traits = {"email": f"p{number}@example.org", "newsletter": True}
    try:
        async with client.post(address, json={"method": "password", "password": PASSWORD, "traits": traits}) as answer:
            return answer.status, json.loads(await answer.read()), answer.headers.get("Retry-After")
    except aiohttp.ClientError:
        return 0, None, None


def crowd_client() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


def resident_mib(server: Server) -> float:
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def stored(server: Server) -> set[str]:
    return {each["traits"]["email"] for each in server.told("identities", "list", "--limit", "100000")}


async def test_a_crowd_is_let_in_as_far_as_it_can_be_and_nobody_is_lost(tmp_path: Path, simulator: Simulator) -> None:
    server = busy_server(tmp_path, simulator)
    with running(server):
        async with crowd_client() as client:
            addresses = await begun(client, server, CROWD)
            crowd = [asyncio.create_task(submitted(client, each, n)) for n, each in enumerate(addresses)]
            health = []
            while not all(each.done() for each in crowd):
                for path in ("alive", "ready"):
                    async with client.get(f"{server.admin}/health/{path}") as answer:
                        health.append(answer.status)
            answers = [each.result() for each in crowd]
            assert set(health) == {200}
            counted = Counter(status for status, _, _ in answers)
            assert set(counted) == {200, 503}, counted
            for status, body, retry_after in answers:
                if status == 503:
                    assert body["error"]["id"] == "overloaded"
                    assert int(retry_after or 0) >= 1
            accepted = {f"p{number}@example.org" for number, each in enumerate(answers) if each[0] == 200}
            assert stored(server) == accepted
        # Nothing was begun for those who were refused: the same form goes through once there is room.
        late = next(number for number, each in enumerate(answers) if each[0] == 503)
        async with crowd_client() as client:
            assert (await submitted(client, addresses[late], late))[0] == 200
        accepted.add(f"p{late}@example.org")
        until("every contact", lambda: set(simulator.emails()) >= accepted)
        assert sorted(simulator.emails()) == sorted(accepted)
        assert resident_mib(server) < MEMORY_MIB


async def test_a_server_that_is_stopped_in_a_crowd_answers_whom_it_let_in(tmp_path: Path, simulator: Simulator) -> None:
    server = busy_server(tmp_path, simulator)
    with running(server):
        async with crowd_client() as client:
            addresses = await begun(client, server, CROWD)
            crowd = [asyncio.create_task(submitted(client, each, n)) for n, each in enumerate(addresses)]
            await asyncio.wait(crowd, return_when=asyncio.FIRST_COMPLETED)
            assert await asyncio.to_thread(server.stop) == 0
            answers = await asyncio.gather(*crowd)
        assert {status for status, _, _ in answers} <= {0, 200, 503}
        accepted = {f"p{number}@example.org" for number, each in enumerate(answers) if each[0] == 200}
        assert accepted
        server.start()
        assert stored(server) == accepted
        until("every contact", lambda: set(simulator.emails()) >= accepted)
        assert sorted(simulator.emails()) == sorted(accepted)
        assert request("GET", f"{server.admin}/health/ready").status == 200
