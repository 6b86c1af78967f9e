"""Stands where a configured hook cannot work: whoever comes by is refused, because the hook might have refused them."""

from dataclasses import dataclass

from doorward.flows.contract import Detour, HookContext, Proceed, Veto, Wish
from doorward.flows.errors import web_hook_broken
from doorward.observability.logging import Log


@dataclass(frozen=True, slots=True)
class UnusableHook:
    """`reason` is for the log."""

    path: str
    reason: str
    log: Log
    effects: frozenset[Wish] = frozenset()

    async def run(self, context: HookContext) -> Proceed | Veto | Detour:
        """Raises WebHookBroken."""
        self.log.warning("hook_unusable", hook=self.path, reason=self.reason)
        raise web_hook_broken(context.flow)
