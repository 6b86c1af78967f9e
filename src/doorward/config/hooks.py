"""Which configured hooks will never run, and why: hidden by a method's list, in a list never read for them, unknown.

The rules are Kratos's. `hook: hubspot` is ours and is not bound by them: in a global list it always fires.
"""

import difflib
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from doorward.config.model import Config
from doorward.config.model_flows import AfterConfig, BeforeConfig, HookConfig, HookList
from doorward.config.problems import Problem, warning

FLOWS = ("registration", "login", "settings", "recovery", "verification")
GLOBAL_ONLY = ("recovery", "verification")
METHODS_OF: Mapping[str, tuple[str, ...]] = {
    "registration": ("password", "webauthn", "passkey", "oidc", "code"),
    "login": ("password", "webauthn", "passkey", "oidc", "code", "totp", "lookup_secret"),
    "settings": ("profile", "password", "totp", "oidc", "webauthn", "passkey", "lookup_secret"),
}
# Where each hook does something after a flow; `notify_credentials_changed` and `hubspot` are ours.
RUNS_AFTER: Mapping[str, tuple[str, ...]] = {
    "session": ("registration",),
    "revoke_active_sessions": ("login", "settings", "recovery"),
    "require_verified_address": ("login",),
    "verification": ("registration", "login", "settings"),
    "show_verification_ui": ("registration", "login", "settings"),
    "verify_new_address": ("settings",),
    "notify_previous_addresses": ("settings",),
    "notify_credentials_changed": ("settings",),
    "web_hook": FLOWS,
    "hubspot": FLOWS,
}
NETWORK_ONLY = ("b2b_sso", "organization")
ALWAYS_FIRES = ("hubspot",)


@dataclass(frozen=True, slots=True)
class Placed:
    """One list of hooks and where it is. `method` is None for the global list and for lists that run before."""

    flow: str
    is_before: bool
    method: str | None
    hooks: HookList = field(default=())


def list_placed(config: Config) -> Iterator[Placed]:
    """Every hook list of every flow, empty ones left out."""
    flows = config.selfservice.flows
    for flow in FLOWS:
        section = getattr(flows, flow)
        before: BeforeConfig = section.before
        after: AfterConfig = section.after
        every = [Placed(flow, True, None, before.hooks), Placed(flow, False, None, after.hooks)]
        every += [Placed(flow, False, name, own.hooks) for name, own in after.methods.items()]
        yield from (one for one in every if one.hooks)


def list_hooks(config: Config) -> Iterator[HookConfig]:
    """Every hook of every flow, and the hooks of `actions`."""
    for placed in list_placed(config):
        yield from placed.hooks
    for action in config.actions:
        yield HookConfig(hook=action.hook, config=action.config, path=action.path)


def is_blocking(hook: HookConfig) -> bool:
    """Whether a web_hook reads the answer and therefore runs before anything is stored."""
    response = hook.config.get("response")
    parses = isinstance(response, Mapping) and response.get("parse") is True
    return hook.hook == "web_hook" and (parses or hook.config.get("can_interrupt") is True)


def analyse_hooks(config: Config, known: frozenset[str] = frozenset()) -> Iterator[Problem]:
    """A warning for every hook that never runs or is hidden. `known` names hooks of plug-ins beyond Kratos's."""
    for placed in list_placed(config):
        for hook in placed.hooks:
            reason = _never(hook, placed, known)
            if reason:
                yield warning("hook_never_runs", hook.path, f"the hook `{hook.hook}` never runs here: {reason}")
    yield from _hidden(config)


def _never(hook: HookConfig, placed: Placed, known: frozenset[str]) -> str | None:
    for rule in (_unknown, _before, _no_such_list, _wrong_flow, _global_blocking, _nothing_to_show):
        reason = rule(hook, placed, known)
        if reason:
            return reason
    return None


def _unknown(hook: HookConfig, _placed: Placed, known: frozenset[str]) -> str | None:
    if hook.hook in NETWORK_ONLY:
        return "it exists only in the Ory Network"
    if hook.hook not in RUNS_AFTER and hook.hook not in known:
        near = difflib.get_close_matches(hook.hook, {*RUNS_AFTER, *known}, n=1)
        return "no hook has this name; " + (
            f"did you mean `{near[0]}`?" if near else f"known are {', '.join(RUNS_AFTER)}"
        )
    return None


def _before(hook: HookConfig, placed: Placed, known: frozenset[str]) -> str | None:
    if placed.is_before and hook.hook in RUNS_AFTER and hook.hook != "web_hook":
        return "only `web_hook` runs before a flow"
    return None


def _no_such_list(_hook: HookConfig, placed: Placed, _known: frozenset[str]) -> str | None:
    if placed.method is None:
        return None
    if placed.flow in GLOBAL_ONLY:
        return f"{placed.flow} has no lists by method; move it to selfservice.flows.{placed.flow}.after.hooks"
    if placed.method not in METHODS_OF[placed.flow]:
        return f"{placed.flow} never ends with the method {placed.method}"
    return None


def _wrong_flow(hook: HookConfig, placed: Placed, _known: frozenset[str]) -> str | None:
    flows = RUNS_AFTER.get(hook.hook)
    if flows is None or placed.is_before:
        return None
    if placed.flow not in flows:
        return f"it runs only after {', '.join(flows)}"
    if hook.hook in ("verify_new_address", "notify_previous_addresses") and placed.method not in (None, "profile"):
        return "addresses change by the method profile only; move it to selfservice.flows.settings.after.profile.hooks"
    if hook.hook == "notify_credentials_changed" and placed.method == "profile":
        return "credentials change by other methods; move it to selfservice.flows.settings.after.<method>.hooks"
    if hook.hook == "verify_new_address" and placed.method is None:
        return "it must stand in selfservice.flows.settings.after.profile.hooks"
    return None


def _global_blocking(hook: HookConfig, placed: Placed, _known: frozenset[str]) -> str | None:
    if (
        placed.method is None
        and not placed.is_before
        and placed.flow in ("registration", "settings")
        and is_blocking(hook)
    ):
        return (
            "with `response.parse` or `can_interrupt` it must run before anything is stored, and the global list is"
            f" read only afterwards; move it to selfservice.flows.{placed.flow}.after.<method>.hooks"
        )
    return None


def _nothing_to_show(hook: HookConfig, placed: Placed, _known: frozenset[str]) -> str | None:
    """Registration and settings begin verifications before any hook; a sign-in does not."""
    in_front = itertools.takewhile(lambda other: other is not hook, placed.hooks)
    if placed.flow != "login" or hook.hook != "show_verification_ui":
        return None
    if any(other.hook == "verification" for other in in_front):
        return None
    return "a sign-in begins a verification only by `verification`; put that hook in front of it"


def _hidden(config: Config) -> Iterator[Problem]:
    for placed in list_placed(config):
        if placed.is_before or placed.method is not None or placed.flow not in METHODS_OF:
            continue
        after: AfterConfig = getattr(config.selfservice.flows, placed.flow).after
        hiding = [name for name in METHODS_OF[placed.flow] if _counts(after.hooks_of(name), placed.flow)]
        for hook in placed.hooks:
            if hiding and hook.hook not in ALWAYS_FIRES and _never(hook, placed, frozenset()) is None:
                yield _hidden_problem(hook, placed.flow, hiding)


def _hidden_problem(hook: HookConfig, flow: str, hiding: list[str]) -> Problem:
    names = ", ".join(hiding)
    lists, methods = ("the list", "this method") if len(hiding) == 1 else ("the lists", "these methods")
    return warning(
        "hook_hidden",
        hook.path,
        f"the hook `{hook.hook}` is hidden by {lists} of {names}: after {flow} by {methods} it does not run;"
        f" repeat it in selfservice.flows.{flow}.after.<method>.hooks",
    )


def _counts(hooks: HookList, flow: str) -> bool:
    """Whether a method's list takes the global one's place: if any of it is usable once the change is stored."""
    usable: Callable[[HookConfig], bool] = lambda hook: (  # noqa: E731 -- reads as the condition it is
        flow in RUNS_AFTER.get(hook.hook, ()) and hook.hook not in ("verify_new_address", *ALWAYS_FIRES)
    )
    return any(usable(hook) for hook in hooks)
