"""Kratos's rules for hook lists (a method list hides the global one), and ours: a global `hubspot` always fires."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from doorward.actions.hooks import FlowHooks, HookEntry
from doorward.actions.model import Await, RetryPolicy
from doorward.actions.resolve import ActionTable, ConfiguredAction, build_table
from doorward.identities.events import Cause, EventKind, IdentityEvent
from doorward.identities.model import Identity

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLAIN = {"url": "https://crm.example.org/x", "method": "POST", "body": "base64://e30="}
IGNORED = {**PLAIN, "response": {"ignore": True}}
BLOCKING = {**PLAIN, "response": {"parse": True}}
INTERRUPTING = {**PLAIN, "can_interrupt": True}


def entry(hook: str, config: dict[str, Any] | None = None, where: str = "m") -> HookEntry:
    return HookEntry(hook, config or {}, f"{where}.{hook}.{id(config)}")


def table(after: tuple[HookEntry, ...] = (), password: tuple[HookEntry, ...] = ()) -> ActionTable:
    return build_table({"registration": FlowHooks((), after, {"password": password})}, (), RetryPolicy())


def signed_up(kind: EventKind = EventKind.CREATED, source: str = "flow") -> IdentityEvent:
    identity = Identity(UUID(int=1), "person", {}, "active", NOW, NOW, NOW)
    flow = ("registration", "password") if source == "flow" else (None, None)
    return IdentityEvent(kind, identity, None, Cause(source, flow[0], None, flow[1]), 1, NOW)


def hooks_of(table_: ActionTable) -> list[str]:
    return [hook.hook for hook in table_.in_flow_hooks("registration", "after", "password")]


def test_a_method_list_hides_the_global_one() -> None:
    made = table((entry("web_hook", IGNORED, "g"),), (entry("session"),))
    assert made.actions_for(signed_up()) == ()
    assert hooks_of(made) == ["session"]


def test_an_empty_method_list_falls_back_to_the_global_one() -> None:
    made = table((entry("web_hook", IGNORED, "g"),), ())
    assert [action.connector for action in made.actions_for(signed_up())] == ["web_hook"]


def test_hubspot_in_the_global_list_fires_whatever_the_method_list_holds() -> None:
    made = table((entry("hubspot", {"destination": "crm"}, "g"),), (entry("session"),))
    assert [action.destination for action in made.actions_for(signed_up())] == ["crm"]


def test_session_runs_last_wherever_it_stands() -> None:
    made = table((), (entry("session"), entry("show_verification_ui")))
    assert hooks_of(made) == ["show_verification_ui", "session"]


def test_session_runs_once() -> None:
    assert hooks_of(table((), (entry("session"), entry("session", where="again")))) == ["session"]


@pytest.mark.parametrize("useless", ["require_verified_address", "revoke_active_sessions", "b2b_sso", "organization"])
def test_a_method_list_without_anything_usable_hides_nothing(useless: str) -> None:
    made = table((entry("show_verification_ui", where="g"),), (entry(useless),))
    assert hooks_of(made) == ["show_verification_ui"]


def test_both_lists_reach_hubspot_when_the_global_one_counts() -> None:
    made = table(
        (entry("hubspot", {"destination": "crm"}, "g"), entry("web_hook", IGNORED, "g")),
        (entry("hubspot", {"destination": "other"}),),
    )
    assert [action.destination.partition("#")[0] for action in made.actions_for(signed_up())] == [
        "crm",
        "https://crm.example.org",
        "other",
    ]


def placed(kind: str, after: tuple[HookEntry, ...], method: str, own: tuple[HookEntry, ...]) -> list[str]:
    made = build_table({kind: FlowHooks((), after, {method: own})}, (), RetryPolicy())
    return [hook.hook for hook in made.in_flow_hooks(kind, "after", method)]


@pytest.mark.parametrize("kind", ["login", "recovery", "verification"])
def test_where_nothing_is_stored_first_web_hooks_run_in_their_order_from_either_list(kind: str) -> None:
    hooks = (entry("web_hook", PLAIN), entry("web_hook", BLOCKING), entry("web_hook", IGNORED))
    assert placed(kind, hooks, "code", ()) == ["web_hook", "web_hook"]
    assert placed(kind, (), "code", hooks) == ["web_hook", "web_hook"]


def test_what_may_stop_a_change_of_settings_comes_first_and_from_the_methods_list_only() -> None:
    guard, told = entry("verify_new_address"), entry("notify_previous_addresses")
    ends = entry("revoke_active_sessions", where="g")
    blocking = entry("web_hook", BLOCKING)
    assert placed("settings", (ends,), "profile", (told, blocking, guard)) == [
        "web_hook",
        "verify_new_address",
        "notify_previous_addresses",
    ]
    assert placed("settings", (ends,), "profile", (guard,)) == ["verify_new_address", "revoke_active_sessions"]
    assert placed("settings", (guard,), "profile", ()) == []


@pytest.mark.parametrize(
    ("listed", "run"),
    [
        (["verification", "show_verification_ui"], ["verification", "show_verification_ui"]),
        (["show_verification_ui", "verification"], ["verification"]),
        (["show_verification_ui", "revoke_active_sessions"], ["revoke_active_sessions"]),
    ],
)
def test_a_sign_in_shows_a_verification_that_a_hook_in_front_has_begun(listed: list[str], run: list[str]) -> None:
    assert placed("login", (), "password", tuple(entry(name) for name in listed)) == run


def test_a_blocking_web_hook_alone_hides_the_global_list_of_settings() -> None:
    assert placed("settings", (entry("show_verification_ui"),), "profile", (entry("web_hook", BLOCKING),)) == [
        "web_hook"
    ]


def test_only_web_hooks_run_before_a_flow() -> None:
    before = (entry("web_hook", PLAIN), entry("session"), entry("hubspot", {"destination": "crm"}))
    made = build_table({"login": FlowHooks(before)}, (), RetryPolicy())
    assert [hook.hook for hook in made.in_flow_hooks("login", "before", None)] == ["web_hook"]


@pytest.mark.parametrize("config", [BLOCKING, INTERRUPTING])
def test_a_blocking_web_hook_runs_in_the_flow_from_a_method_list_only(config: dict[str, Any]) -> None:
    assert hooks_of(table((), (entry("web_hook", config),))) == ["web_hook"]
    assert hooks_of(table((entry("web_hook", config, "g"),), ())) == []
    assert table((entry("web_hook", config, "g"),), ()).actions_for(signed_up()) == ()


def test_a_plain_web_hook_is_a_delivery_that_the_request_awaits() -> None:
    (action,) = table((), (entry("web_hook", PLAIN),)).actions_for(signed_up())
    assert action.awaits is Await.FIRST_ATTEMPTS
    assert action.destination.startswith("https://crm.example.org#")
    assert "/x" not in action.destination
    assert len(action.first_delays) == 2


def test_an_ignored_web_hook_is_a_delivery_that_nobody_awaits() -> None:
    (action,) = table((), (entry("web_hook", IGNORED),)).actions_for(signed_up())
    assert action.awaits is Await.NO


def test_an_action_on_events_fires_whichever_path_caused_them() -> None:
    crm = ConfiguredAction(
        "crm", ("identity.created", "identity.deleted"), entry("hubspot", {"destination": "crm"}, "a")
    )
    made = build_table({}, (crm,), RetryPolicy())
    assert [action.name for action in made.actions_for(signed_up(source="cli"))] == ["crm"]
    assert [action.name for action in made.actions_for(signed_up(EventKind.DELETED, "cli"))] == ["crm"]
    assert made.actions_for(signed_up(EventKind.UPDATED, "cli")) == ()


def test_an_action_keeps_its_own_id_as_its_name() -> None:
    made = table((), (entry("web_hook", {**IGNORED, "id": "welcome"}),))
    assert made.find_action("welcome") is not None
    assert made.find_action("other") is None
