"""A change of settings that brings a new address: it waits, and a code is sent to the address (`verify_new_address`).

What becomes of it is decided in the verification flow: see `changed_address`.
"""

from dataclasses import dataclass, field, replace

from doorward.errors import DoorwardError
from doorward.flows import store
from doorward.flows.answers import Done
from doorward.flows.codes_sender import CodeSender
from doorward.flows.codes_store import Purpose
from doorward.flows.form import FormProblem, with_problems
from doorward.flows.messages import Words
from doorward.flows.model import Flow
from doorward.flows.pending_changes import PendingChange, PendingChanges
from doorward.flows.render import flow_json
from doorward.flows.verification import StartedVerification, Verifications
from doorward.identities.service import IdentifierTaken
from doorward.identities.store import find_by_verifiable_address
from doorward.storage.contract import Transaction


@dataclass(frozen=True, slots=True)
class PendingTools:
    """Who keeps changes, and who has codes sent."""

    changes: PendingChanges
    verifications: Verifications
    sender: CodeSender


@dataclass(frozen=True, slots=True)
class PendingPlan:
    """`flow` is the form with what was typed: nothing is changed yet."""

    tools: PendingTools
    flow: Flow
    started: StartedVerification
    change: PendingChange = field(repr=False)
    words: Words

    async def write(self, tx: Transaction) -> None:
        """The change and its code; another one that was waiting is forgotten, and its code is good for nothing.

        Raises IdentifierTaken for an address that is somebody else's.
        """
        address = self.started.address
        owner = await find_by_verifiable_address(tx, address.via, address.value)
        if owner is not None and owner.id != self.change.identity_id:
            raise IdentifierTaken
        for flow_id in await self.tools.changes.drop(tx, self.change.identity_id):
            await self.tools.sender.codes.invalidate(tx, flow_id, Purpose.VERIFICATION)
        await self.tools.verifications.store(tx, (self.started,))
        await self.tools.changes.put(tx, self.change)
        await store.update_flow(tx, self.flow, self.tools.changes.clock.now())

    async def conclude(self, written: None) -> Done:
        """Browsers go and type the code; programs are told where."""
        item = self.tools.verifications.continue_with(self.started)
        told = replace(self.flow, beside={**self.flow.beside, "continue_with": [item]})
        return Done(told, flow_json(told), self.tools.verifications.page_url(self.started))

    def refused(self, error: DoorwardError) -> Flow | None:
        """Somebody else has this address."""
        if not isinstance(error, IdentifierTaken):
            return None
        problem = FormProblem(None, self.words.say(4000007))
        return replace(self.flow, ui=with_problems(self.flow.ui, [problem]))
