"""Browsers that come back from a sign-in service although there is none."""

from pathlib import Path

import pytest

from doorward.clock import MovableClock
from public_port import HTML, JSON, public_port


@pytest.mark.parametrize("path", ["", "/google", "/google?state=a&code=b"])
async def test_a_program_is_told_and_a_browser_shown(tmp_path: Path, clock: MovableClock, path: str) -> None:
    async with public_port(tmp_path, clock) as port:
        url = f"/self-service/methods/oidc/callback{path}"
        told = await port.client().get(url, JSON)
        assert (told.status, told.json["error"]["code"]) == (404, 404)
        assert (await port.client().get(url, HTML)).status == 303
