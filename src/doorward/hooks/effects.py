"""Hooks that never object but ask for something: to be shown, started, ended, once everybody has agreed.

`session` and `show_verification_ui` shape the answer; `verification` sends a code after a sign-in (registration and
settings do that by themselves); `revoke_active_sessions` ends the person's other sessions;
`notify_credentials_changed`, which is ours, writes to the person when a way to sign in is another one.
"""

from dataclasses import dataclass

from doorward.flows.contract import Detour, Effect, HookContext, Proceed, Veto, Wish


@dataclass(frozen=True, slots=True)
class EffectHook:
    """Always agrees. What it asks for happens in the flow's own transaction, so not at all if a later hook objects."""

    effects: frozenset[Wish] = frozenset()

    async def run(self, context: HookContext) -> Proceed | Veto | Detour:
        return Proceed()


# The session row is stored whatever hooks there are; `session` hands it out.
HAND_OUT_SESSION = EffectHook(frozenset({Effect.HAND_OUT_SESSION}))
SHOW_VERIFICATION = EffectHook(frozenset({Effect.SHOW_VERIFICATION}))
START_VERIFICATION = EffectHook(frozenset({Effect.START_VERIFICATION}))
REVOKE_OTHERS = EffectHook(frozenset({Effect.REVOKE_OTHERS}))
TELL_OF_CREDENTIALS = EffectHook(frozenset({Effect.TELL_OF_CREDENTIALS}))
