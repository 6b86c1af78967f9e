"""Makes the in-flow hooks of registration from the configuration, once, at the start."""

from collections.abc import Callable, Iterable, Mapping

from doorward.actions.hooks import SESSION, WEB_HOOK, HookEntry
from doorward.actions.web_hook_settings import WebHookSettings
from doorward.config.model_flows import AFTER_METHODS
from doorward.errors import Misconfigured
from doorward.flows.contract import HookTable, InFlowHook
from doorward.hooks.effects import HAND_OUT_SESSION, NO_EFFECT, SHOW_VERIFICATION
from doorward.hooks.unusable import UnusableHook
from doorward.hooks.web_hook import WebHook, WebHookTools

# Does in registration what happens there by itself; Kratos accepts it and does nothing.
VERIFICATION = "verification"

Make = Callable[[HookEntry, WebHookTools], InFlowHook]

REGISTRATION = "registration"


class UnknownHook(Misconfigured):
    """There is no such hook."""


class HookRegistry:
    """Hooks by the place of their entry. A new kind of hook is one line in `KINDS`."""

    def __init__(self, entries: Iterable[HookEntry], tools: WebHookTools) -> None:
        """Raises UnknownHook with the place in the configuration."""
        self._hooks = {entry.path: _make(entry, tools) for entry in entries}

    def hook(self, entry: HookEntry) -> InFlowHook:
        return self._hooks[entry.path]


def registration_hooks(table: HookTable, tools: WebHookTools) -> HookRegistry:
    """The hooks that registration runs inside a request, whichever method is used."""
    places = [("before", None), ("after", None), *(("after", method) for method in AFTER_METHODS)]
    found = [entry for phase, method in places for entry in table.in_flow_hooks(REGISTRATION, phase, method)]
    return HookRegistry(found, tools)


def _make(entry: HookEntry, tools: WebHookTools) -> InFlowHook:
    make = KINDS.get(entry.hook)
    if make is None:
        raise UnknownHook(f"{entry.path}: there is no hook {entry.hook!r} in registration.")
    return make(entry, tools)


def _web_hook(entry: HookEntry, tools: WebHookTools) -> InFlowHook:
    settings = WebHookSettings.parse(entry.config, f"{entry.path}.config")
    if isinstance(settings, WebHookSettings):
        return WebHook(settings, entry.path, tools)
    # Named as a warning when the configuration is loaded; Kratos starts with it, and so do we.
    return UnusableHook(entry.path, "; ".join(f"{problem.path}: {problem.text}" for problem in settings), tools.log)


KINDS: Mapping[str, Make] = {
    SESSION: lambda _entry, _tools: HAND_OUT_SESSION,
    "show_verification_ui": lambda _entry, _tools: SHOW_VERIFICATION,
    VERIFICATION: lambda _entry, _tools: NO_EFFECT,
    WEB_HOOK: _web_hook,
}
