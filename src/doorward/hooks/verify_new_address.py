"""`verify_new_address`: a change that brings a new address waits until a code sent there was typed in.

What is kept and sent meanwhile is the settings flow's business.
"""

from dataclasses import dataclass

from doorward.flows.contract import Detour, HookContext, Proceed, Veto, Wish


@dataclass(frozen=True, slots=True)
class VerifyNewAddress:
    """Looks at what the person sent only: an address that a web_hook put in is stored at once (as in Kratos)."""

    effects: frozenset[Wish] = frozenset()

    async def run(self, context: HookContext) -> Proceed | Veto | Detour:
        if context.person is None or context.wanted is None:
            return Proceed()
        had = {(each.via, each.value) for each in context.person.verifiable_addresses}
        wants = {(each.via, each.value) for each in context.wanted.verifiable_addresses}
        return Detour.CONFIRM_ADDRESS if wants - had else Proceed()
