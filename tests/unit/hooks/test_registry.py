"""Hooks of entries: known kinds are made, mistakes name their place."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from doorward.actions.hooks import HookEntry
from doorward.actions.sandbox import Sandbox
from doorward.actions.template import TemplateSource
from doorward.clock import MovableClock
from doorward.config.model import FeatureFlagsConfig
from doorward.flows.contract import Effect, HookContext, NotifyPrevious, Proceed, Wish
from doorward.flows.errors import WebHookBroken
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType, Ui
from doorward.hooks.background import Background
from doorward.hooks.notify_previous_addresses import UnknownRecipients
from doorward.hooks.registry import HookRegistry, UnknownHook
from doorward.hooks.unusable import UnusableHook
from doorward.hooks.web_hook import WebHook, WebHookTools
from doorward.observability.logging import Log
from doorward.security.egress import Egress, EgressPolicy


@pytest.fixture
def tools() -> WebHookTools:
    egress = Egress(EgressPolicy())
    return WebHookTools(egress, Sandbox(), TemplateSource(egress, MovableClock()), Log("hooks"), Background())


def entry(hook: str, config: Mapping[str, Any] | None = None) -> HookEntry:
    return HookEntry(hook, config or {}, "after.password.hooks[0]")


@pytest.mark.parametrize(
    ("hook", "effects"),
    [
        ("session", {Effect.HAND_OUT_SESSION}),
        ("show_verification_ui", {Effect.SHOW_VERIFICATION}),
        ("verification", {Effect.START_VERIFICATION}),
        ("revoke_active_sessions", {Effect.REVOKE_OTHERS}),
        ("notify_previous_addresses", {NotifyPrevious("removed")}),
        ("require_verified_address", set()),
        ("verify_new_address", set()),
    ],
)
def test_what_a_hook_asks_for(tools: WebHookTools, hook: str, effects: set[Wish]) -> None:
    assert HookRegistry([entry(hook)], tools, FeatureFlagsConfig()).hook(entry(hook)).effects == effects


def test_web_hook(tools: WebHookTools) -> None:
    config = {"url": "https://a.example/", "method": "POST", "body": "base64://e30=", "response": {"parse": True}}
    made = entry("web_hook", config)
    assert isinstance(HookRegistry([made], tools, FeatureFlagsConfig()).hook(made), WebHook)


@pytest.mark.parametrize("recipients", ["removed", "all_verified", "all"])
def test_whoever_is_notified_of_a_change(tools: WebHookTools, recipients: str) -> None:
    made = entry("notify_previous_addresses", {"recipients": recipients})
    assert HookRegistry([made], tools, FeatureFlagsConfig()).hook(made).effects == {NotifyPrevious(recipients)}


@pytest.mark.parametrize("config", [{"recipients": "nobody"}, {"recipient": "all"}])
def test_unknown_recipients_are_named(tools: WebHookTools, config: dict[str, str]) -> None:
    with pytest.raises(UnknownRecipients, match=r"after\.password\.hooks\[0\]"):
        HookRegistry([entry("notify_previous_addresses", config)], tools, FeatureFlagsConfig())


async def test_a_web_hook_that_cannot_work_lets_nobody_pass(tools: WebHookTools) -> None:
    made = entry("web_hook", {"method": "POST", "body": "base64://e30="})
    hook = HookRegistry([made], tools, FeatureFlagsConfig()).hook(made)
    assert isinstance(hook, UnusableHook)
    assert "after.password.hooks[0].config.url" in hook.reason
    with pytest.raises(WebHookBroken):
        await hook.run(HookContext(flow(), {}))


async def test_one_whose_answer_is_ignored_keeps_nobody(tools: WebHookTools) -> None:
    made = entry("web_hook", {"url": "https://a.example/", "method": "POST", "response": {"ignore": True}})
    hook = HookRegistry([made], tools, FeatureFlagsConfig()).hook(made)
    assert isinstance(hook, UnusableHook)
    assert await hook.run(HookContext(flow(), {})) == Proceed()


def test_an_unknown_hook_is_named(tools: WebHookTools) -> None:
    with pytest.raises(UnknownHook, match=r"after\.password\.hooks\[0\].*carrier_pigeon"):
        HookRegistry([entry("carrier_pigeon")], tools, FeatureFlagsConfig())


def flow() -> Flow:
    at = MovableClock().now()
    return Flow(
        id=uuid4(),
        kind=FlowKind.REGISTRATION,
        type=FlowType.API,
        state=FlowState.CHOOSE_METHOD,
        request_url="https://a.example/",
        ui=Ui("https://a.example/"),
        csrf_token="",
        issued_at=at,
        expires_at=at,
    )
