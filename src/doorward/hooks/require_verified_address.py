"""`require_verified_address`: who has proved none of their addresses is not signed in.

What happens instead (a code is sent, or the form says why) is the login flow's business.
"""

from dataclasses import dataclass

from doorward.errors import Misconfigured
from doorward.flows.contract import Detour, HookContext, Proceed, Veto, Wish

METHOD = "password"


class InvalidConfiguration(Misconfigured):
    """Signing in takes a verified address, and this account has no address at all."""


@dataclass(frozen=True, slots=True)
class RequireVerifiedAddress:
    """`is_legacy` is `feature_flags.legacy_require_verified_login_error`: passwords only, and a message only."""

    is_legacy: bool = False
    effects: frozenset[Wish] = frozenset()

    async def run(self, context: HookContext) -> Proceed | Veto | Detour:
        """Raises InvalidConfiguration for somebody without any address."""
        if self.is_legacy and context.flow.active != METHOD:
            return Proceed()
        addresses = context.person.verifiable_addresses if context.person else ()
        if not addresses:
            raise InvalidConfiguration
        if any(each.verified for each in addresses):
            return Proceed()
        return Detour.SAY_UNVERIFIED if self.is_legacy else Detour.VERIFY_FIRST
