"""What several keys together must satisfy."""

from collections.abc import Callable
from typing import Any

import pytest

from doorward.config.load import Loaded
from doorward.config.rules import is_loopback

LoadTree = Callable[..., Loaded]
KEY = {"api_keys": ["an-api-key-that-is-long"]}
TWO = [{"id": "person", "url": "a"}, {"id": "person", "url": "b"}]
HUBSPOT = {"name": "a", "on": ["identity.created"], "hook": "hubspot", "config": {"destination": "crm"}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"identity": {"schemas": TWO}}, ("identity.schemas.1.id", "duplicate")),
        ({"identity": {"default_schema_id": "x"}}, ("identity.default_schema_id", "unknown_schema")),
        ({"secrets": {"cookie": []}}, ("secrets.cookie", "missing")),
        ({"secrets": {"cipher": []}}, ("secrets.cipher", "missing")),
        ({"secrets": {"cipher": [], "default": ["sixteen-characters"]}}, ("secrets.cipher", "missing")),
        ({"secrets": {"cipher": ["too-short"]}}, ("secrets.cipher.0", "wrong_value")),
        ({"serve": {"admin": {"host": "0.0.0.0"}}}, ("serve.admin.host", "admin_open")),
        ({"serve": {"admin": {"host": ""}}}, ("serve.admin.host", "admin_open")),
        ({"serve": {"admin": {"host": "unix:/run/a"}}}, ("serve.admin.host", "wrong_value")),
        ({"serve": {"admin": {"port": 4433}}}, ("serve.admin.port", "duplicate")),
        (
            {"serve": {"public": {"trusted_proxies": ["192.0.2.0/24", "10.0.0.1/8"]}}},
            ("serve.public.trusted_proxies.1", "wrong_value"),
        ),
        (
            {"selfservice": {"methods": {"totp": {"mfa_enabled": True}}}},
            ("selfservice.methods.totp.mfa_enabled", "unknown_key"),
        ),
        (
            {"selfservice": {"methods": {"code": {"mfa_enabled": True, "passwordless_enabled": True}}}},
            ("selfservice.methods.code.mfa_enabled", "conflict"),
        ),
        ({"actions": [{**HUBSPOT, "config": {}}]}, ("actions.0.config.destination", "missing")),
        ({"actions": [HUBSPOT]}, ("actions.0.config.destination", "unknown_destination")),
        (
            {"actions": [HUBSPOT, HUBSPOT], "destinations": {"crm": {"connector": "hubspot"}}},
            ("actions.1.name", "duplicate"),
        ),
    ],
)
def test_errors(load_tree: LoadTree, changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in [(one.path, one.code) for one in load_tree(changes).errors]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"serve": {"admin": {"host": "0.0.0.0", "open": True}}}, "admin_open"),
        ({"selfservice": {"flows": {"recovery": {"enabled": True, "use": "link"}}}}, "method_off"),
        ({"cookies": {"same_site": "None", "secure": False}}, "cookie_dropped"),
        ({"serve": {"public": {"cors": {"enabled": True}}}, "cookies": {"same_site": "None"}}, "cors_open"),
        ({"tracing": {"provider": "jaeger"}}, "ignored"),
        (
            {
                "actions": [
                    {
                        "name": "a",
                        "on": ["identity.created"],
                        "hook": "web_hook",
                        "config": {"url": "https://api.hubapi.com"},
                    }
                ]
            },
            "no_legal_basis",
        ),
    ],
)
def test_warnings(load_tree: LoadTree, changes: dict[str, Any], code: str) -> None:
    loaded = load_tree(changes)

    assert loaded.errors == ()
    assert [one.code for one in loaded.warnings] == [code]


def hook_to(url: str, **http: Any) -> dict[str, Any]:
    hook = {"hook": "web_hook", "config": {"url": url}}
    return {"selfservice": {"flows": {"login": {"after": {"hooks": [hook]}}}}, "clients": {"http": http}}


@pytest.mark.parametrize(
    ("changes", "is_blocked"),
    [
        (hook_to("http://127.0.0.1:9/a"), True),
        (hook_to("http://localhost/a"), True),
        (hook_to("http://[::1]/a"), True),
        (hook_to("http://10.0.0.1/a"), True),
        (hook_to("http://169.254.169.254/latest", disallow_private_ip_ranges=False), True),
        (hook_to("https://hooks.example/a"), False),
        (hook_to("https://8.8.8.8/a"), False),
        (hook_to("http://[nonsense"), False),
        (hook_to("http://10.0.0.1/a", disallow_private_ip_ranges=False), False),
        (hook_to("http://10.0.0.1/a", private_ip_exception_urls=["http://10.0.0.1/*"]), False),
        ({**hook_to("http://10.0.0.1/a"), "dev": True}, False),
        ({**hook_to("http://10.0.0.1/a", disallow_private_ip_ranges=True), "dev": True}, True),
    ],
)
def test_addresses_that_will_be_refused_are_named(
    load_tree: LoadTree, changes: dict[str, Any], is_blocked: bool
) -> None:
    loaded = load_tree(changes)

    assert [one.code for one in loaded.problems] == (["egress_blocked"] if is_blocked else [])


@pytest.mark.parametrize("admin", [{"host": "0.0.0.0", **KEY}, {"host": "localhost"}, {"host": "::1"}, {"port": 0}])
def test_a_closed_admin_port_is_no_problem(load_tree: LoadTree, admin: dict[str, Any]) -> None:
    assert load_tree({"serve": {"admin": admin}}).problems == ()


def test_a_missing_secret_comes_with_the_line_to_add(load_tree: LoadTree) -> None:
    text = load_tree({"secrets": {"cookie": []}}).errors[0].text

    assert "secrets: {cookie:" in text
    assert "SECRETS_COOKIE" in text


def test_in_dev_no_secret_is_missing(load_tree: LoadTree) -> None:
    assert load_tree({"dev": True, "secrets": {"cookie": [], "cipher": []}}).errors == ()


def test_a_key_that_is_wrong_by_itself_is_blamed_once(load_tree: LoadTree) -> None:
    loaded = load_tree({"secrets": {"cookie": "not-a-list-but-hush"}})

    assert [(one.path, one.code) for one in loaded.errors] == [("secrets.cookie", "wrong_type")]
    assert "hush" not in str(loaded.errors)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("host", False),
    ],
)
def test_what_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
