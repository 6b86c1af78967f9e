"""Stands where a configured hook cannot work: whoever comes by is refused, because the hook might have refused them."""

from dataclasses import dataclass

from doorward.flows.contract import Detour, HookContext, Proceed, Veto, Wish
from doorward.flows.errors import web_hook_broken
from doorward.observability.logging import Log


@dataclass(frozen=True, slots=True)
class UnusableHook:
    """`reason` is for the log. `is_ignored`: nobody would have waited for its answer, so nobody is kept."""

    path: str
    reason: str
    log: Log
    is_ignored: bool = False
    effects: frozenset[Wish] = frozenset()

    async def run(self, context: HookContext) -> Proceed | Veto | Detour:
        """Raises WebHookBroken."""
        self.log.warning("hook_unusable", hook=self.path, reason=self.reason)
        if self.is_ignored:
            return Proceed()
        raise web_hook_broken(context.flow)
