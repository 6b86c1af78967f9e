import io
import logging

from doorward.observability.logging import Log, configure
from doorward.observability.redact import redact_fields, redact_text


def test_addresses_tokens_and_userinfo_are_cut() -> None:
    text = redact_text("ada@example.org used pat-na1-1234-abcd and Bearer abc.def at postgres://u:p@db/x")
    assert "ada@" not in text
    assert "1234" not in text
    assert "abc.def" not in text
    assert "u:p" not in text


def test_telling_names_are_starred() -> None:
    assert redact_fields({"password": "x", "count": 3, "email": "y"}) == {"password": "***", "count": 3, "email": "***"}


def test_a_log_line_holds_no_personal_data() -> None:
    stream = io.StringIO()
    before = logging.getLogger().handlers[:]
    try:
        configure("info", "json", stream)
        Log("test").info("signed_up", email="ada@example.org", note="by ada@example.org", flow="f1")
    finally:
        logging.getLogger().handlers[:] = before
    assert "ada@" not in stream.getvalue()
    assert '"flow":"f1"' in stream.getvalue()
