"""Too many wrong passwords on the wire: 429 with Retry-After, before any hash is computed, and a way back in time."""

from pathlib import Path
from urllib.parse import urlsplit

from doorward.clock import MovableClock
from public_port import PublicPort, Reply, public_port

THROTTLED = "security: {throttling: {enabled: true, per_person_and_network: 3}}\n"


async def test_too_many_wrong_passwords_wait(tmp_path: Path, clock: MovableClock) -> None:
    async with public_port(tmp_path, clock, THROTTLED) as port:
        for _ in range(3):
            assert (await guess(port)).status == 400
        answer = await guess(port)
        assert answer.status == 429
        assert answer.json["error"]["id"] == "too_many_attempts"
        assert int(answer.header("retry-after")) > 0
        clock.move(minutes=30)
        assert (await guess(port)).status == 400


async def guess(port: PublicPort) -> Reply:
    client = port.client()
    flow = (await client.get("/self-service/login/api")).json
    wrong = {"method": "password", "identifier": "nobody@example.org", "password": "wrong-password-1"}
    return await port.client().post(urlsplit(flow["ui"]["action"])._replace(scheme="", netloc="").geturl(), wrong)
