"""What proving an address stores: something sent, a code or link used, a code shown to the browser that followed it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from doorward.clock import Clock
from doorward.errors import DoorwardError
from doorward.flows import store
from doorward.flows.answers import Reread, Stored, Why
from doorward.flows.codes_sender import CodeSender, Errand
from doorward.flows.codes_store import Form, OneTimeCode, Purpose, Recipient
from doorward.flows.errors import FailedAfterwards, SelfServiceFlowReturnToForbidden
from doorward.flows.messages import Catalogue, Words
from doorward.flows.missed_guess import MissedGuess
from doorward.flows.model import Flow, FlowState, FlowType
from doorward.flows.pending_changes import PendingChanges
from doorward.flows.proof_form import continue_nodes
from doorward.flows.replacement import Replacement
from doorward.flows.return_to import with_flow
from doorward.flows.verification import VerificationSettings, sent
from doorward.identities.events import Cause, EventKind
from doorward.identities.model import Identity
from doorward.identities.normalise import normalise_address
from doorward.identities.service import IdentityService
from doorward.identities.store import find_by_verifiable_address, find_identity
from doorward.storage.contract import Transaction

SUCCESS = {"email": 1080002, "sms": 1080005}


@dataclass(frozen=True, slots=True)
class ProofTools:
    """What the plans work with."""

    settings: VerificationSettings
    identities: IdentityService
    sender: CodeSender
    catalogue: Catalogue
    clock: Clock
    changes: PendingChanges


@dataclass(frozen=True, slots=True)
class SendProof:
    """Sends a code or a link to an address that somebody is known by; answers alike where nobody is."""

    tools: ProofTools
    flow: Flow
    address: str = field(repr=False)
    payload: Mapping[str, Any] = field(repr=False)
    trace_id: str
    ip_address: str = field(repr=False)

    async def write(self, tx: Transaction) -> Flow:
        """The flow first: codes refer to it."""
        settings = self.tools.settings
        via = "email" if "@" in self.address else "sms"
        flow = sent(self.flow, settings, self.tools.catalogue, self.address, is_phone=via == "sms")
        await store.update_flow(tx, flow, self.tools.clock.now())
        form = Form(settings.method)
        errand = Errand(flow, Purpose.VERIFICATION, form, self.payload, self.trace_id, self.ip_address)
        await self.tools.sender.codes.invalidate(tx, flow.id, Purpose.VERIFICATION)
        value = normalise_address(self.address, via)
        owner = await find_by_verifiable_address(tx, via, value) or await self._who_waits(tx, flow, via, value)
        if owner is not None:
            await self.tools.sender.send(tx, errand, Recipient(via, value, owner.id), owner)
            await self.tools.identities.mark_address_sent(tx, owner.id, via, value)
        else:
            # Strangers are told by mail only: Kratos has no words for this in a text message.
            await self.tools.sender.answer_nobody(
                tx, errand, Recipient(via, value), is_told=settings.tells_strangers, takes_phones=False
            )
        return flow

    async def _who_waits(self, tx: Transaction, flow: Flow, via: str, value: str) -> Identity | None:
        """Who is about to change to this address, and has this flow to prove it with."""
        change = await self.tools.changes.find(tx, flow.id)
        if change is None or (change.via, change.address) != (via, value):
            return None
        return await find_identity(tx, change.identity_id)

    async def conclude(self, written: Flow) -> Stored:
        return Stored(written, Why.ADVANCED)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None


@dataclass(frozen=True, slots=True)
class ProvedAddress:
    """The code or link is used up, the address is verified, and whoever waited for that hears of it.

    `missed` is what happens when somebody else was faster. `objection` is what a hook has against it: the proof is a
    fact and stays one (as in Kratos), but the person is told so in a new form.
    """

    tools: ProofTools
    flow: Flow
    proof: OneTimeCode
    code: str = field(repr=False)
    identity: Identity
    cause: Cause
    missed: MissedGuess | Replacement
    objection: Replacement | FailedAfterwards | None = None

    async def write(self, tx: Transaction) -> Any:
        """None when it succeeded; else what `missed` wrote."""
        if not await self.tools.sender.use_up(tx, self.proof, self.code):
            return (await self.missed.write(tx),)
        to = self.proof.recipient
        identities = self.tools.identities
        is_news = await identities.mark_address_verified(tx, self.identity.id, to.via, to.address, self.cause)
        if is_news is None and self._is_theirs():
            # It was verified already; the flow's hooks run all the same (as in Kratos).
            await identities.note(tx, EventKind.ADDRESS_CONFIRMED, self.identity, self.cause)
        await store.update_flow(tx, self._passed(), self.tools.clock.now())
        if isinstance(self.objection, Replacement):
            await self.objection.write(tx)
        return None

    async def conclude(self, written: Any) -> Stored | Reread:
        """The form has become the way on. Raises FailedAfterwards."""
        if written is not None:
            return await self.missed.conclude(written[0])
        if isinstance(self.objection, FailedAfterwards):
            raise self.objection
        if self.objection is not None:
            return await self.objection.conclude(None)
        return Stored(self._passed(), Why.ADVANCED)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None

    def _is_theirs(self) -> bool:
        """Not yet, where a change waits for this proof; that change will tell of it."""
        to = self.proof.recipient
        return any((each.via, each.value) == (to.via, to.address) for each in self.identity.verifiable_addresses)

    def _passed(self) -> Flow:
        words = self.tools.catalogue.words(self.flow.language)
        return passed(self.flow, self.tools.settings, words, self.proof.recipient.via)


@dataclass(frozen=True, slots=True)
class CodeShown:
    """The browser that followed the mail's link takes the flow over, with the code filled in."""

    flow: Flow
    page_url: str
    clock: Clock

    async def write(self, tx: Transaction) -> None:
        await store.update_flow(tx, self.flow, self.clock.now())

    async def conclude(self, written: None) -> Reread:
        """The new CSRF token takes the flow away from the browser that started it (as in Kratos)."""
        return Reread(self.flow, with_flow(self.page_url, self.flow.id), self.flow.csrf_token, is_plain=True)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None


def passed(flow: Flow, settings: VerificationSettings, words: Words, via: str) -> Flow:
    """The flow after it has succeeded: a link to where the person wanted to go, or may go."""
    try:
        url = settings.targets.check(flow.return_to, settings.default_url)
    except SelfServiceFlowReturnToForbidden:
        # Where a registration wanted to return to afterwards was not checked when it started.
        url = settings.targets.check("", settings.default_url)
    nodes = continue_nodes(flow, settings.method, words, url)
    done = flow.with_ui(nodes=nodes, messages=[words.say(SUCCESS[via])])
    return replace(
        done,
        ui=replace(done.ui, action=url, method="GET"),
        state=FlowState.PASSED_CHALLENGE,
        csrf_token=flow.csrf_token if flow.type is FlowType.BROWSER else "",
    )
