"""Too many wrong passwords on the wire: 429 with Retry-After, before any hash is computed, and a way back in time."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from doorward.clock import MovableClock
from public_port import JSON, PublicPort, Reply, public_port

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


async def test_another_address_in_a_header_buys_no_more_guesses(tmp_path: Path, clock: MovableClock) -> None:
    proxied = "x-forwarded-for"
    async with public_port(tmp_path, clock, THROTTLED) as port:
        for number in range(3):
            forged = {"true-client-ip": f"8.8.{number}.1", "x-real-ip": f"9.9.{number}.1"}
            assert (await guess(port, {**forged, proxied: f"1.1.{number}.1, 203.0.113.7"})).status == 400
        assert (await guess(port, {"true-client-ip": "8.8.4.4", proxied: "1.1.9.1, 203.0.113.9"})).status == 429
        # Another network's guesses are its own, as our proxy tells.
        assert (await guess(port, {proxied: "198.51.100.1"})).status == 400


async def guess(port: PublicPort, more: Mapping[str, str] | None = None) -> Reply:
    client = port.client()
    flow = (await client.get("/self-service/login/api")).json
    wrong = {"method": "password", "identifier": "nobody@example.org", "password": "wrong-password-1"}
    action = urlsplit(flow["ui"]["action"])._replace(scheme="", netloc="").geturl()
    return await port.client().post(action, wrong, {**JSON, **(more or {})})
