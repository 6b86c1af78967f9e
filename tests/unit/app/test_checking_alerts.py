"""The `alerts` section: what keeps an alert from being sent is an error, what is not used a warning."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from doorward.app.alerting import find_receiver, watch_settings
from doorward.app.loading import plugins
from doorward.config.load import Loaded, load

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
URL = "https://alerts.example.org/in"


def load_alerts(folder: Path, alerts: dict[str, Any], *, is_dev: bool = True) -> Loaded:
    file = folder / "doorward.yml"
    file.write_text(json.dumps({"dsn": "memory", "alerts": alerts}))
    return load([file], {"ALERT_KEY": KEY}, {"dev": is_dev}, plugins())


@pytest.mark.parametrize(
    ("alerts", "problem"),
    [
        ({"url": URL}, ("alerts.signing_secrets", "missing")),
        ({"url": "alerts.example.org", "signing_secrets": [KEY]}, ("alerts.url", "wrong_value")),
        ({"url": "ftp://alerts.example.org", "signing_secrets": [KEY]}, ("alerts.url", "wrong_value")),
        ({"url": "http://a:b:c/", "signing_secrets": [KEY]}, ("alerts.url", "wrong_value")),
        ({"url": "http://169.254.169.254/", "signing_secrets": [KEY]}, ("alerts.url", "egress_blocked")),
        ({"url": URL, "signing_secrets": [KEY, "short"]}, ("alerts.signing_secrets.1", "wrong_value")),
        ({"waiting_longer_than": "0"}, ("alerts.waiting_longer_than", "wrong_value")),
        ({"every": "0s"}, ("alerts.every", "wrong_value")),
        ({"webhook": URL}, ("alerts.webhook", "unknown_key")),
    ],
)
def test_errors(tmp_path: Path, alerts: dict[str, Any], problem: tuple[str, str]) -> None:
    loaded = load_alerts(tmp_path, alerts)
    assert problem in [(each.path, each.code) for each in loaded.errors]
    assert "short" not in str(loaded.errors).replace("shorter", "")


@pytest.mark.parametrize(
    ("alerts", "problem"),
    [
        ({"signing_secrets": [KEY]}, ("alerts.signing_secrets", "ignored")),
    ],
)
def test_warnings(tmp_path: Path, alerts: dict[str, Any], problem: tuple[str, str]) -> None:
    loaded = load_alerts(tmp_path, alerts)
    assert loaded.errors == ()
    assert problem in [(each.path, each.code) for each in loaded.warnings]


def test_addresses_without_a_mail_server(tmp_path: Path) -> None:
    loaded = load_alerts(tmp_path, {"email": ["ops@example.org"]}, is_dev=False)
    assert ("alerts.email", "no_mail_server") in [(each.path, each.code) for each in loaded.warnings]


def test_a_right_one_becomes_a_receiver_and_keeps_its_secrets(tmp_path: Path) -> None:
    alerts = {"url": "http://10.0.0.5/in?key=word", "signing_secrets": ["env:ALERT_KEY"], "waiting_longer_than": "5m"}
    loaded = load_alerts(tmp_path, alerts)
    assert [each for each in loaded.problems if each.path.startswith("alerts")] == []
    receiver = find_receiver(loaded.config)
    assert receiver is not None
    assert receiver.url == "http://10.0.0.5/in?key=word"
    assert watch_settings(loaded.config).has_receiver
    assert watch_settings(loaded.config).waiting_longer_than.total_seconds() == 300
    assert "key=word" not in repr(receiver) + repr(loaded.config.alerts)
    assert KEY not in repr(receiver) + repr(loaded.config.alerts)


def test_without_an_address_only_the_log_is_told(tmp_path: Path) -> None:
    config = load_alerts(tmp_path, {}).config
    assert find_receiver(config) is None
    assert not watch_settings(config).has_receiver
    assert watch_settings(config).waiting_longer_than.total_seconds() == 600
