"""Starting a login while signed in: Accept alone decides whether that is a redirect or an error."""

from pathlib import Path

import pytest

from doorward.clock import MovableClock
from public_port import HTML, JSON, public_port, signed_up

TYPED = {"content-type": "application/json"}


@pytest.mark.parametrize("more", [{}, TYPED])
async def test_a_page_is_sent_on_and_a_program_is_told(
    tmp_path: Path, clock: MovableClock, more: dict[str, str]
) -> None:
    async with public_port(tmp_path, clock) as port:
        client = port.client()
        assert (await signed_up(client, "ada@example.org")).status == 200
        page = await client.get("/self-service/login/browser", {**HTML, **more})
        assert (page.status, page.header("location")) == (303, port.config.selfservice.default_browser_return_url)
        told = await client.get("/self-service/login/browser", {**JSON, **more})
        assert (told.status, told.json["error"]["id"]) == (400, "session_already_available")


async def test_elsewhere_a_content_type_makes_errors_json(tmp_path: Path, clock: MovableClock) -> None:
    async with public_port(tmp_path, clock) as port:
        client = port.client()
        await signed_up(client, "ada@example.org")
        answer = await client.get("/self-service/registration/browser", {**HTML, **TYPED})
        assert (answer.status, answer.json["error"]["id"]) == (400, "session_already_available")
