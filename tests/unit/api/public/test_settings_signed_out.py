"""A settings form for somebody who is not signed in: pages are sent to sign in, programs are told."""

from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from doorward.clock import MovableClock
from public_port import HTML, JSON, public_port, signed_up

FORM = {**HTML, "content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("is_known", [True, False])
async def test_nobody_learns_whether_a_form_is_there(tmp_path: Path, clock: MovableClock, is_known: bool) -> None:
    async with public_port(tmp_path, clock) as port:
        owner, stranger = port.client(), port.client()
        await signed_up(owner, "ada@example.org")
        started = await owner.get("/self-service/settings/browser", HTML)
        own = urlsplit(started.header("location")).query.removeprefix("flow=")
        assert (await owner.get(f"/self-service/settings/flows?id={own}")).status == 200
        flow_id = own if is_known else uuid4()
        fetch, submit = f"/self-service/settings/flows?id={flow_id}", f"/self-service/settings?flow={flow_id}"
        sign_in = (302, port.config.selfservice.flows.login.ui_url)
        for page in (await stranger.get(fetch, HTML), await stranger.call("POST", submit, FORM, b"method=profile")):
            assert (page.status, page.header("location")) == sign_in
        for told in (await stranger.get(fetch, JSON), await stranger.post(submit, {"method": "profile"})):
            assert told.status == 401
