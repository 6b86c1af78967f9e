"""Environment variables in Kratos's form and in ours."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from doorward.config.load import Loaded
from doorward.config.secrets import Secret

LoadTree = Callable[..., Loaded]


def test_every_kind_of_value(load_tree: LoadTree) -> None:
    config = load_tree(
        env={
            "DSN": "postgres://user:hush@host/db",
            "SERVE_PUBLIC_PORT": "5000",
            "SELFSERVICE_FLOWS_LOGIN_UI_URL": "https://app.example.com/login",
            "SELFSERVICE_FLOWS_LOGIN_LIFESPAN": "2h",
            "SELFSERVICE_ALLOWED_RETURN_URLS": "https://a.example, https://b.example",
            "SELFSERVICE_METHODS_PASSWORD_CONFIG_MIN_PASSWORD_LENGTH": "12",
            "SELFSERVICE_FLOWS_REGISTRATION_AFTER_PASSWORD_HOOKS": '[{"hook": "session"}]',
            "IDENTITY_SCHEMAS_0_URL": "file://other.json",
            "COURIER_SMTP_HEADERS": '{"X-Mailer": "doorward"}',
            "FEATURE_FLAGS_CACHEABLE_SESSIONS": "true",
        }
    ).checked()

    assert config.dsn == Secret("postgres://user:hush@host/db")
    assert config.serve.public.port == 5000
    assert config.serve.public.base_url == "http://127.0.0.1:5000/"
    assert config.selfservice.flows.login.ui_url == "https://app.example.com/login"
    assert config.selfservice.flows.login.lifespan == timedelta(hours=2)
    assert config.selfservice.allowed_return_urls == ("https://a.example", "https://b.example")
    assert config.selfservice.methods["password"].config == {"min_password_length": 12}
    assert [hook.hook for hook in config.selfservice.flows.registration.after.hooks_of("password")] == ["session"]
    assert config.identity.schemas[0].url == "file://other.json"
    assert config.courier.smtp.headers == {"X-Mailer": "doorward"}
    assert config.feature_flags.cacheable_sessions is True


def test_the_prefix_wins_and_our_own_keys_need_it(load_tree: LoadTree) -> None:
    config = load_tree(
        env={
            "SERVE_PUBLIC_PORT": "5000",
            "DOORWARD_SERVE_PUBLIC_PORT": "6000",
            "DELIVERY_CONCURRENCY": "3",
            "DOORWARD_DELIVERY_LEASE_S": "90",
        }
    ).checked()

    assert config.serve.public.port == 6000
    assert config.delivery.concurrency == 24
    assert config.delivery.lease_s == 90


def test_a_variable_may_be_a_reference(load_tree: LoadTree, tmp_path: Path) -> None:
    (tmp_path / "dsn").write_text("sqlite:///from-file.sqlite")

    assert load_tree(env={"DSN": f"file:{tmp_path}/dsn"}).checked().dsn == Secret("sqlite:///from-file.sqlite")


@pytest.mark.parametrize(
    ("variable", "value", "path"),
    [
        ("SERVE_PUBLIC_PORT", "many", "serve.public.port"),
        ("SESSION_LIFESPAN", "forever", "session.lifespan"),
        ("COURIER_SMTP_HEADERS", "not JSON", "courier.smtp.headers"),
        ("IDENTITY_SCHEMAS", "not JSON", "identity.schemas"),
        ("SECRETS_COOKIE", "short", "secrets.cookie.0"),
    ],
)
def test_a_wrong_value_is_blamed_on_its_key(load_tree: LoadTree, variable: str, value: str, path: str) -> None:
    assert path in [one.path for one in load_tree(env={variable: value}).errors]


def test_a_mistyped_variable_is_named_and_others_are_left_alone(load_tree: LoadTree) -> None:
    loaded = load_tree(
        env={"DOORWARD_SERVE_PUBLC_PORT": "1", "DOORWARD_HUBSPOT_TOKEN": "x", "PATH": "/bin", "EMPTY": ""}
    )

    assert [(one.path, one.code) for one in loaded.problems] == [("DOORWARD_SERVE_PUBLC_PORT", "unknown_variable")]
    assert "DOORWARD_SERVE_PUBLIC_PORT" in loaded.problems[0].text


def test_how_a_request_signs_in_may_come_from_the_environment(load_tree: LoadTree) -> None:
    request = {"url": "https://mail.example/send"}
    config = load_tree(
        {"courier": {"http": {"request_config": request}, "channels": [{"id": "sms", "request_config": request}]}},
        env={
            "COURIER_HTTP_REQUEST_CONFIG_AUTH_TYPE": "basic_auth",
            "COURIER_HTTP_REQUEST_CONFIG_AUTH_CONFIG_USER": "doorward",
            "COURIER_HTTP_REQUEST_CONFIG_AUTH_CONFIG_PASSWORD": "12345678",
            "COURIER_CHANNELS_0_REQUEST_CONFIG_AUTH_CONFIG_VALUE": "true",
        },
    ).checked()

    mail, sms = config.courier.http.request_config, config.courier.channels[0].request_config
    assert mail is not None
    assert mail.auth == {"type": "basic_auth", "config": {"user": "doorward", "password": "12345678"}}
    assert sms.auth == {"config": {"value": "true"}}
