"""The `courier` section: what keeps messages from leaving is an error with its place, and never shows a password."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from doorward.app.loading import plugins
from doorward.config.load import Loaded, load

GO = "base64://" + base64.b64encode(b"{{ .RecoveryCode }}").decode()


def load_courier(folder: Path, courier: dict[str, Any], *, is_dev: bool = True, **more: Any) -> Loaded:
    file = folder / "doorward.yml"
    file.write_text(json.dumps({"dsn": "memory", "courier": courier, **more}))
    return load([file], {}, {"dev": is_dev}, plugins())


def smtp(uri: str = "smtps://ada:geheim@mail.example.org:465/", **more: Any) -> dict[str, Any]:
    return {"smtp": {"connection_uri": uri, "from_address": "no-reply@example.org", **more}}


@pytest.mark.parametrize(
    ("courier", "problem"),
    [
        (smtp("imap://ada:geheim@mail.example.org/"), ("courier.smtp", "bad_smtp_settings")),
        (smtp("smtp://ada:geheim@mail.example.org:port/"), ("courier.smtp", "bad_smtp_settings")),
        (smtp("smtps:///"), ("courier.smtp", "bad_smtp_settings")),
        (smtp(client_cert_path="/no/such.pem"), ("courier.smtp", "bad_smtp_settings")),
        (smtp(from_address="nobody"), ("courier.smtp.from_address", "wrong_value")),
        (smtp(headers={"X-A": "one\r\nBcc: eve@example.org"}), ("courier.smtp.headers.X-A", "wrong_value")),
        (smtp(headers={"X A": "one"}), ("courier.smtp.headers.X A", "wrong_value")),
        ({"delivery_strategy": "http"}, ("courier.http.request_config", "missing")),
        (
            {"channels": [{"id": "sms", "request_config": {"url": "ftp://sms.example.org"}}]},
            ("courier.channels.0.request_config", "bad_courier_request"),
        ),
        (
            {"templates": {"recovery_code": {"valid": {"email": {"subject": GO}}}}},
            ("courier.templates.recovery_code.valid.email.subject", "go_template"),
        ),
        ({"template_override_path": "/no/such/folder"}, ("courier.template_override_path", "file_not_found")),
    ],
)
def test_errors(tmp_path: Path, courier: dict[str, Any], problem: tuple[str, str]) -> None:
    loaded = load_courier(tmp_path, courier)
    assert problem in [(each.path, each.code) for each in loaded.errors]
    assert "geheim" not in str(loaded.problems)


def test_a_right_one_has_no_problems(tmp_path: Path) -> None:
    uri = "smtp://ada%40example.org:p%3Ass@mail.example.org/?disable_starttls=true"
    loaded = load_courier(tmp_path, smtp(uri, headers={"X-Team": "people"}, from_name="Döörward"))
    assert [each for each in loaded.problems if each.path.startswith("courier")] == []


def test_outside_development_an_unseen_certificate_is_warned_of(tmp_path: Path) -> None:
    uri = "smtps://mail.example.org/?skip_ssl_verify=true"
    loaded = load_courier(tmp_path, {"smtp": {"connection_uri": uri}}, is_dev=False)
    warned = {(each.path, each.code) for each in loaded.warnings}
    assert {("courier.smtp.connection_uri", "unverified_tls"), ("courier.smtp.from_address", "not_yours")} <= warned


def test_the_names_of_our_own_destinations_are_taken(tmp_path: Path) -> None:
    destinations = {"mail": {"connector": "hubspot", "token": "x"}}
    loaded = load_courier(tmp_path, {}, destinations=destinations)
    assert ("destinations.mail", "reserved_name") in [(each.path, each.code) for each in loaded.errors]


def test_a_text_of_a_message_may_come_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "doorward.yml"
    file.write_text(json.dumps({"dsn": "memory"}))
    uri = "base64://" + base64.b64encode(b"Your code").decode()
    env = {"COURIER_TEMPLATES_LOGIN_CODE_VALID_EMAIL_SUBJECT": uri}

    loaded = load([file], env, {"dev": True}, plugins())

    assert loaded.checked().courier.templates == {"login_code": {"valid": {"email": {"subject": uri}}}}
