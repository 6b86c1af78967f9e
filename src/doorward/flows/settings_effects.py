"""What hooks want done with a change of settings: other sessions ended, people told of it, a page named."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from doorward.flows.codes_sender import CodeSender
from doorward.flows.contract import Effect, NotifyPrevious, Wish
from doorward.flows.model import Flow
from doorward.flows.verification import StartedVerification, Verifications
from doorward.identities.model import Identity, VerifiableAddress
from doorward.sessions.model import Session
from doorward.sessions.service import SessionService
from doorward.storage.contract import Transaction

CHANNELS = ("email", "sms")
WAYS_IN = ("password", "totp", "lookup_secret")
"""Credentials that people change by themselves; the others follow from their traits."""


@dataclass(frozen=True, slots=True)
class EffectTools:
    """Who carries effects out. `tells_all`: answers name every proof that began, whatever hooks say (the older way)."""

    sessions: SessionService
    verifications: Verifications
    sender: CodeSender
    tells_all: bool = False


@dataclass(frozen=True, slots=True)
class SettingsEffects:
    """The wishes of one change."""

    tools: EffectTools
    wishes: frozenset[Wish]

    async def write(
        self, tx: Transaction, flow: Flow, before: Identity, after: Identity, session: Session, trace_id: str = ""
    ) -> None:
        """In the transaction of the change: whoever has to know of it does, whatever else fails afterwards."""
        if Effect.REVOKE_OTHERS in self.wishes:
            await self.tools.sessions.revoke_others(tx, session.identity_id, session.id)
        for wish in self.wishes:
            if isinstance(wish, NotifyPrevious):
                for each in addresses_to_tell(wish.recipients, before, after):
                    await self.tools.sender.tell_of_change(tx, flow, each, after, trace_id)
        changed = changed_credentials(before, after) if Effect.TELL_OF_CREDENTIALS in self.wishes else ()
        for each in proved_addresses(before) if changed else ():
            await self.tools.sender.tell_of_credentials(tx, flow, each, after, changed, trace_id)

    def items(self, started: tuple[StartedVerification, ...]) -> list[dict[str, Any]]:
        """What belongs in `continue_with`; with the older way an address may be named twice (as in Kratos)."""
        told = started if self.tools.tells_all else ()
        asked = started[-1:] if Effect.SHOW_VERIFICATION in self.wishes else ()
        return [self.tools.verifications.continue_with(each) for each in (*told, *asked)]


def addresses_to_tell(recipients: str, before: Identity, after: Identity) -> tuple[VerifiableAddress, ...]:
    """Who hears that a person's addresses are others now; nobody where they are the same.

    `removed`: those that are gone; `all_verified`: all that were proved before; `all`: all that were there before.
    """
    had, has = _pairs(before.verifiable_addresses), _pairs(after.verifiable_addresses)
    if had == has:
        return ()
    reachable = [each for each in before.verifiable_addresses if each.via in CHANNELS and each.value]
    if recipients == "removed":
        return tuple(each for each in reachable if (each.via, each.value) not in has)
    return tuple(each for each in reachable if each.verified or recipients == "all")


def changed_credentials(before: Identity, after: Identity) -> tuple[str, ...]:
    """The ways to sign in that are there now and were not, are gone, or are others than they were."""
    return tuple(kind for kind in WAYS_IN if _config(before, kind) != _config(after, kind))


def proved_addresses(before: Identity) -> tuple[VerifiableAddress, ...]:
    """Where the owner can be reached whoever made the change: what was proved before it, and no stranger's address."""
    return tuple(each for each in before.verifiable_addresses if each.verified and each.via in CHANNELS and each.value)


def _config(identity: Identity, kind: str) -> Mapping[str, Any] | None:
    credential = identity.credentials.get(kind)
    return None if credential is None else credential.config


def _pairs(addresses: Iterable[VerifiableAddress]) -> set[tuple[str, str]]:
    return {(each.via, each.value) for each in addresses}
