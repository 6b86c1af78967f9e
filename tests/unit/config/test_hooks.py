"""Hooks that never run, or only seem to."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from doorward.config.files import placed
from doorward.config.load import Loaded

LoadTree = Callable[..., Loaded]
CONFIG: Mapping[str, Any] = {"url": "https://a.example", "method": "POST", "body": "base64://e30="}
HOOK = {"hook": "web_hook", "config": CONFIG}
BLOCKING = {"hook": "web_hook", "config": {**CONFIG, "response": {"parse": True}}}
INTERRUPTING = {"hook": "web_hook", "config": {**CONFIG, "can_interrupt": True}}
HUBSPOT = {"hook": "hubspot", "config": {"destination": "crm"}}
FLOWS = "selfservice.flows."


def hooks_at(load_tree: LoadTree, lists: Mapping[str, list[Any]]) -> list[tuple[str, str]]:
    tree: dict[str, Any] = {"destinations": {"crm": {"connector": "hubspot"}}}
    for path, hooks in lists.items():
        tree = placed(tree, f"{FLOWS}{path}.hooks", hooks)
    return [(one.code, one.path.removeprefix(FLOWS)) for one in load_tree(tree).problems]


@pytest.mark.parametrize(
    ("where", "hook"),
    [
        ("registration.after.password", {"hook": "session"}),
        ("registration.after.password", BLOCKING),
        ("registration.after", HOOK),
        ("registration.before", BLOCKING),
        ("registration.after", HUBSPOT),
        ("login.after", BLOCKING),
        ("login.after.totp", {"hook": "revoke_active_sessions"}),
        ("login.after", {"hook": "require_verified_address"}),
        ("settings.after.profile", {"hook": "verify_new_address"}),
        ("settings.after.profile", {"hook": "notify_previous_addresses"}),
        ("settings.after.password", {"hook": "revoke_active_sessions"}),
        ("settings.after.password", {"hook": "notify_credentials_changed"}),
        ("settings.after", {"hook": "notify_credentials_changed"}),
        ("recovery.after", {"hook": "revoke_active_sessions"}),
        ("recovery.after", INTERRUPTING),
        ("verification.after", HOOK),
    ],
)
def test_hooks_that_run_are_not_blamed(load_tree: LoadTree, where: str, hook: Any) -> None:
    assert hooks_at(load_tree, {where: [hook]}) == []


def test_a_sign_in_shows_what_a_hook_in_front_has_begun(load_tree: LoadTree) -> None:
    begins, shows = {"hook": "verification"}, {"hook": "show_verification_ui"}
    assert hooks_at(load_tree, {"login.after.password": [begins, shows]}) == []
    assert hooks_at(load_tree, {"login.after.password": [shows, begins]}) == [
        ("hook_never_runs", "login.after.password.hooks.0")
    ]


@pytest.mark.parametrize(
    ("where", "hook"),
    [
        ("registration.after.password", {"hook": "sesion"}),
        ("registration.after.password", {"hook": "b2b_sso"}),
        ("registration.after.password", {"hook": "revoke_active_sessions"}),
        ("registration.after.profile", HOOK),
        ("registration.after.totp", {"hook": "session"}),
        ("registration.after", BLOCKING),
        ("registration.after", INTERRUPTING),
        ("registration.before", {"hook": "session"}),
        ("login.after.password", {"hook": "session"}),
        ("login.after.password", {"hook": "notify_credentials_changed"}),
        ("settings.after.profile", {"hook": "notify_credentials_changed"}),
        ("settings.after", BLOCKING),
        ("settings.after", {"hook": "verify_new_address"}),
        ("settings.after.password", {"hook": "notify_previous_addresses"}),
        ("recovery.after.code", HOOK),
        ("verification.after", {"hook": "revoke_active_sessions"}),
    ],
)
def test_hooks_that_never_run_are_named(load_tree: LoadTree, where: str, hook: Any) -> None:
    assert hooks_at(load_tree, {where: [hook]}) == [("hook_never_runs", f"{where}.hooks.0")]


def test_a_method_list_hides_the_global_one(load_tree: LoadTree) -> None:
    lists: dict[str, list[Any]] = {"registration.after": [HOOK], "registration.after.password": [{"hook": "session"}]}

    assert hooks_at(load_tree, lists) == [("hook_hidden", "registration.after.hooks.0")]


def test_hubspot_in_a_global_list_fires_whatever_the_methods_hold(load_tree: LoadTree) -> None:
    lists: dict[str, list[Any]] = {
        "registration.after": [HUBSPOT],
        "registration.after.password": [{"hook": "session"}],
    }

    assert hooks_at(load_tree, lists) == []


@pytest.mark.parametrize("own", [[], [{"hook": "unknown"}], [HUBSPOT]])
def test_a_method_list_without_a_usable_hook_of_kratos_hides_nothing(load_tree: LoadTree, own: list[Any]) -> None:
    found = hooks_at(load_tree, {"login.after": [HOOK], "login.after.password": own})

    assert "hook_hidden" not in [code for code, _ in found]


def test_verify_new_address_alone_leaves_the_global_settings_list_in_force(load_tree: LoadTree) -> None:
    lists: dict[str, list[Any]] = {"settings.after": [HOOK], "settings.after.profile": [{"hook": "verify_new_address"}]}

    assert hooks_at(load_tree, lists) == []


def test_a_blocking_hook_hides_the_global_list_although_it_does_nothing_afterwards(load_tree: LoadTree) -> None:
    lists: dict[str, list[Any]] = {"registration.after": [HOOK], "registration.after.password": [BLOCKING]}

    assert hooks_at(load_tree, lists) == [("hook_hidden", "registration.after.hooks.0")]
