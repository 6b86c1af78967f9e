"""Hooks that do nothing by themselves but shape the answer: `session`, `show_verification_ui`, `verification`."""

from dataclasses import dataclass

from doorward.flows.contract import Effect, HookContext, Proceed, Veto


@dataclass(frozen=True, slots=True)
class EffectHook:
    """Always agrees. The session row is stored whatever hooks there are; `session` hands it out."""

    effects: frozenset[Effect] = frozenset()

    async def run(self, context: HookContext) -> Proceed | Veto:
        return Proceed()


HAND_OUT_SESSION = EffectHook(frozenset({Effect.HAND_OUT_SESSION}))
SHOW_VERIFICATION = EffectHook(frozenset({Effect.SHOW_VERIFICATION}))
NO_EFFECT = EffectHook()
