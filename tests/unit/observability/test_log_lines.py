"""One event is one line, in both forms of the log, whatever somebody else wrote into it."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from doorward.observability.logging import Log, configure

HOSTILE = "no\n12:00:00.000 info    signed_in who=eve\r\x1b[2J\x85\u2028end"


@pytest.fixture
def handlers() -> Iterator[None]:
    """Puts the log back as it was."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_value_cannot_begin_a_line(form: str) -> None:
    stream = io.StringIO()
    configure("info", form, stream)
    Log("test").warning("web_hook_failed", reason=HOSTILE)
    logging.getLogger("doorward.test").warning("said %s", HOSTILE)
    written = stream.getvalue()
    assert written.count("\n") == 2
    assert len(written.split("\n")) == 3
    assert "\x1b" not in written
    assert "\r" not in written
    if form == "json":
        assert json.loads(written.split("\n")[0])["reason"] == HOSTILE
    else:
        assert len(written.splitlines()) == 2
        assert r"no\x0a12:00:00.000" in written
