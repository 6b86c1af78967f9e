"""From the configuration's hook lists and `actions:` to the action table."""

from collections.abc import Iterable, Mapping

from doorward.actions.hooks import FlowHooks, HookEntry
from doorward.actions.model import RetryPolicy
from doorward.actions.resolve import ActionTable, ConfiguredAction, build_table
from doorward.config.model import Config
from doorward.config.model_flows import AfterConfig, BeforeConfig, HookConfig


def action_table(config: Config) -> ActionTable:
    """Every flow's lists and every enabled entry of `actions:`."""
    retry = config.delivery.retry
    policy = RetryPolicy(retry.delays, retry.jitter, retry.retry_after_cap)
    configured = [
        ConfiguredAction(item.name, item.on, HookEntry(item.hook, item.config, item.path))
        for item in config.actions
        if item.enabled
    ]
    return build_table(flow_hooks(config), configured, policy)


def flow_hooks(config: Config) -> Mapping[str, FlowHooks]:
    """The hook lists by flow."""
    flows = config.selfservice.flows
    sections: Mapping[str, tuple[BeforeConfig, AfterConfig]] = {
        "registration": (flows.registration.before, flows.registration.after),
        "login": (flows.login.before, flows.login.after),
        "settings": (flows.settings.before, flows.settings.after),
        "recovery": (flows.recovery.before, flows.recovery.after),
        "verification": (flows.verification.before, flows.verification.after),
    }
    return {
        kind: FlowHooks(
            before=_entries(before.hooks),
            after=_entries(after.hooks),
            after_method={method: _entries(after.hooks_of(method)) for method in after.methods},
        )
        for kind, (before, after) in sections.items()
    }


def _entries(hooks: Iterable[HookConfig]) -> tuple[HookEntry, ...]:
    return tuple(HookEntry(item.hook, item.config, item.path) for item in hooks)
