"""Makes the in-flow hooks of every flow from the configuration, once, at the start."""

from collections.abc import Callable, Iterable, Mapping

from doorward.actions.hooks import SESSION, VERIFY_NEW_ADDRESS, WEB_HOOK, HookEntry
from doorward.actions.web_hook_settings import WebHookSettings
from doorward.config.model import FeatureFlagsConfig
from doorward.config.model_flows import AFTER_METHODS
from doorward.errors import Misconfigured
from doorward.flows.contract import HookTable, InFlowHook
from doorward.flows.model import FlowKind
from doorward.hooks.effects import (
    HAND_OUT_SESSION,
    REVOKE_OTHERS,
    SHOW_VERIFICATION,
    START_VERIFICATION,
    TELL_OF_CREDENTIALS,
)
from doorward.hooks.notify_previous_addresses import notify_previous_addresses
from doorward.hooks.require_verified_address import RequireVerifiedAddress
from doorward.hooks.unusable import UnusableHook
from doorward.hooks.verify_new_address import VerifyNewAddress
from doorward.hooks.web_hook import WebHook, WebHookTools

Make = Callable[[HookEntry, WebHookTools, FeatureFlagsConfig], InFlowHook]


class UnknownHook(Misconfigured):
    """There is no such hook."""


class HookRegistry:
    """Hooks by the place of their entry. A new kind of hook is one line in `KINDS`."""

    def __init__(self, entries: Iterable[HookEntry], tools: WebHookTools, flags: FeatureFlagsConfig) -> None:
        """Raises UnknownHook with the place in the configuration."""
        self._hooks = {entry.path: _make(entry, tools, flags) for entry in entries}

    def hook(self, entry: HookEntry) -> InFlowHook:
        return self._hooks[entry.path]


def flow_hooks(table: HookTable, tools: WebHookTools, flags: FeatureFlagsConfig) -> HookRegistry:
    """The hooks that flows run inside a request, whichever method is used."""
    places = [("before", None), ("after", None), *(("after", method) for method in AFTER_METHODS)]
    found = [
        entry for kind in FlowKind for phase, method in places for entry in table.in_flow_hooks(kind, phase, method)
    ]
    return HookRegistry(found, tools, flags)


def _make(entry: HookEntry, tools: WebHookTools, flags: FeatureFlagsConfig) -> InFlowHook:
    make = KINDS.get(entry.hook)
    if make is None:
        raise UnknownHook(f"{entry.path}: there is no hook {entry.hook!r}.")
    return make(entry, tools, flags)


def _web_hook(entry: HookEntry, tools: WebHookTools, _flags: FeatureFlagsConfig) -> InFlowHook:
    settings = WebHookSettings.parse(entry.config, f"{entry.path}.config")
    if isinstance(settings, WebHookSettings):
        return WebHook(settings, entry.path, tools)
    # Named as a warning when the configuration is loaded; Kratos starts with it, and so do we.
    reason = "; ".join(f"{problem.path}: {problem.text}" for problem in settings)
    return UnusableHook(entry.path, reason, tools.log, entry.is_ignored and not entry.is_blocking)


KINDS: Mapping[str, Make] = {
    SESSION: lambda _entry, _tools, _flags: HAND_OUT_SESSION,
    "show_verification_ui": lambda _entry, _tools, _flags: SHOW_VERIFICATION,
    "verification": lambda _entry, _tools, _flags: START_VERIFICATION,
    "revoke_active_sessions": lambda _entry, _tools, _flags: REVOKE_OTHERS,
    "require_verified_address": lambda _entry, _tools, flags: RequireVerifiedAddress(
        flags.legacy_require_verified_login_error
    ),
    VERIFY_NEW_ADDRESS: lambda _entry, _tools, _flags: VerifyNewAddress(),
    "notify_previous_addresses": lambda entry, _tools, _flags: notify_previous_addresses(entry.config, entry.path),
    "notify_credentials_changed": lambda _entry, _tools, _flags: TELL_OF_CREDENTIALS,
    WEB_HOOK: _web_hook,
}
