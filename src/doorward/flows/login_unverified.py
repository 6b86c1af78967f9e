"""What becomes of a sign-in that a verified address has to come first for: a code is sent, and nobody is signed in."""

from dataclasses import dataclass
from typing import Any

from doorward.errors import DoorwardError
from doorward.flows.answers import Diverted
from doorward.flows.contract import Write
from doorward.flows.errors import SessionVerifiedAddressRequired
from doorward.flows.model import Flow
from doorward.flows.verification import StartedVerification, Verifications
from doorward.identities.service import IdentityService
from doorward.storage.contract import Transaction


@dataclass(frozen=True, slots=True)
class UnverifiedLogin:
    """`writes` are what the proof costs: a code that was used stays used."""

    identities: IdentityService
    verifications: Verifications
    started: StartedVerification
    writes: tuple[Write, ...] = ()

    async def write(self, tx: Transaction) -> None:
        """The verification with its message; every attempt sends another one (as in Kratos)."""
        for write in self.writes:
            await write(tx)
        await self.verifications.store(tx, (self.started,))
        address = self.started.address
        await self.identities.mark_address_sent(tx, self.started.identity.id, address.via, address.value)

    async def conclude(self, written: None) -> Diverted:
        """Browsers go and type the code; programs are told where, native ones too."""
        started = self.started
        location = self.verifications.page_url(started)
        shown = {"id": str(started.flow.id), "verifiable_address": started.address.value, "url": location}
        item: dict[str, Any] = {"action": "show_verification_ui", "flow": shown}
        return Diverted(started.flow, SessionVerifiedAddressRequired(continue_with=[item]), location)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None
