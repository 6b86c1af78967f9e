"""Every key of a web_hook's config, right and wrong, and the runtime's re-check."""

from typing import Any

import pytest

from doorward.actions.web_hook_settings import ApiKey, BasicAuth, WebHookSettings
from doorward.config.secrets import Secret

PATH = "selfservice.flows.registration.after.hooks.0.config"
LEAST: dict[str, Any] = {"url": "https://crm.example/x", "method": "POST", "body": "file://t.jsonnet"}
SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def parsed(**keys: Any) -> WebHookSettings:
    found = WebHookSettings.parse({**LEAST, **keys}, PATH)
    assert isinstance(found, WebHookSettings), found
    return found


def problems(config: dict[str, Any]) -> set[str]:
    """The paths that are blamed, relative to the config."""
    found = WebHookSettings.parse(config, PATH)
    assert isinstance(found, list)
    assert all(problem.path.startswith(PATH) and problem.text for problem in found)
    return {problem.path.removeprefix(PATH).lstrip(".") for problem in found}


def test_defaults() -> None:
    found = parsed()
    assert (found.is_ignored, found.is_parsed, found.may_interrupt, found.has_ids) == (False, False, False, True)
    assert (found.auth, found.signing, found.timeout_s, found.is_blocking) == (None, None, 30.0, False)


def test_every_key() -> None:
    found = parsed(
        headers={"X-Mine": Secret("s3cret")},
        auth={"type": "api_key", "config": {"name": "K", "value": Secret("s3cret"), "in": "cookie"}},
        response={"ignore": False, "parse": True},
        can_interrupt=False,
        emit_analytics_event=False,
        id="crm",
        signing_secrets=[SIGNING],
        timeout_s=5,
        consent="marketing",
        name="crm",
    )
    assert found.headers == {"X-Mine": "s3cret"}
    assert found.auth == ApiKey("K", "s3cret", "cookie")
    assert (found.is_parsed, found.has_ids, found.id, found.timeout_s) == (True, False, "crm", 5.0)
    assert found.signing is not None
    assert "s3cret" not in repr(found)
    assert SIGNING not in repr(found)


def test_basic_auth() -> None:
    assert parsed(auth={"type": "basic_auth", "config": {"user": "u", "password": "p"}}).auth == BasicAuth("u", "p")


@pytest.mark.parametrize("body", ["./x.jsonnet", "base64://e30=", "ftp://x"])
def test_any_place_of_a_template_is_left_to_the_loader(body: str) -> None:
    assert parsed(body=body).template == body


def test_trace_needs_no_template_and_an_empty_method_is_allowed() -> None:
    assert parsed(method="").method == ""
    without = WebHookSettings.parse({"url": "https://crm.example/x", "method": "TRACE"}, PATH)
    assert isinstance(without, WebHookSettings)
    assert not without.has_body


@pytest.mark.parametrize(
    ("changes", "blamed"),
    [
        ({"url": "ftp://x"}, {"url"}),
        ({"url": "crm.example"}, {"url"}),
        ({"url": "https://crm.example/a b"}, {"url"}),
        ({"url": "https://crm.example:x/"}, {"url"}),
        ({"url": 5}, {"url"}),
        ({"method": "GE T"}, {"method"}),
        ({"body": ""}, {"body"}),
        ({"headers": {"X": 1}}, {"headers.X"}),
        ({"headers": {"X": "a\r\nb"}}, {"headers.X"}),
        ({"headers": {"X Y": "a"}}, {"headers.X Y"}),
        ({"headers": []}, {"headers"}),
        ({"auth": {}}, {"auth.config"}),
        ({"auth": None}, {"auth"}),
        ({"auth": {"type": "oauth", "config": {}}}, {"auth.type"}),
        ({"auth": {"type": "api_key", "config": {"name": "a", "value": "b"}}}, {"auth.config.in"}),
        ({"auth": {"type": "api_key", "config": {"name": "a", "value": "b", "in": "query"}}}, {"auth.config.in"}),
        (
            {"auth": {"type": "api_key", "config": {"name": "a b", "value": "c\n", "in": "header"}}},
            {"auth.config.name", "auth.config.value"},
        ),
        ({"auth": {"type": "basic_auth", "config": {"user": "u"}}}, {"auth.config.password"}),
        (
            {"auth": {"type": "basic_auth", "config": {"user": "u", "password": "p", "x": 1}, "y": 1}},
            {"auth.config.x", "auth.y"},
        ),
        ({"response": {"ignore": True, "parse": True}}, {"response"}),
        ({"response": {"ignore": True}, "can_interrupt": True}, {"response"}),
        ({"response": {"ignore": "yes", "other": 1}}, {"response.ignore", "response.other"}),
        ({"signing_secrets": ["whsec_short"]}, {"signing_secrets"}),
        ({"signing_secrets": [5]}, {"signing_secrets.0"}),
        ({"timeout_s": 1000}, {"timeout_s"}),
        ({"timeout": 3}, {"timeout"}),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], blamed: set[str]) -> None:
    assert problems({**LEAST, **changes}) == blamed


def test_everything_wrong_is_told_at_once() -> None:
    assert problems({"can_interrupt": 1, "nonsense": 2}) == {"url", "method", "body", "can_interrupt", "nonsense"}


def test_ignore_true_with_can_interrupt_false_is_fine() -> None:
    assert parsed(response={"ignore": True}, can_interrupt=False).is_ignored


def test_problems_hold_no_secret() -> None:
    config = {**LEAST, "signing_secrets": ["whsec_s3cret"], "auth": {"type": "s3cret", "config": {}}}
    assert "s3cret" not in str(WebHookSettings.parse(config, PATH))
