"""Finds out what a code or a link proves, asks the hooks, and plans what follows. No transaction is open here."""

from dataclasses import dataclass, replace
from typing import Any

from doorward.errors import DoorwardError
from doorward.flows.changed_address import ChangedAddress, ChangeTools
from doorward.flows.codes import Miss
from doorward.flows.codes_store import OneTimeCode, Purpose
from doorward.flows.contract import Plan, Veto
from doorward.flows.errors import FailedAfterwards, WebHookBroken
from doorward.flows.form import with_problems
from doorward.flows.missed_guess import MissedGuess
from doorward.flows.model import Flow
from doorward.flows.payload import TRANSIENT
from doorward.flows.pending_changes import PendingChange
from doorward.flows.proof_fields import ProofForm
from doorward.flows.proof_form import CODE
from doorward.flows.replacement import Replacement
from doorward.flows.request import FlowRequest
from doorward.flows.run_hooks import HookRunner, SeePerson
from doorward.flows.template_context import template_context
from doorward.flows.verification_plans import ProofTools, ProvedAddress, passed
from doorward.identities.events import Cause
from doorward.identities.model import Identity
from doorward.identities.render import public_identity
from doorward.identities.store import find_identity
from doorward.identities.verified import with_verified
from doorward.security.tokens import new_csrf_token
from doorward.storage.contract import Database

WRONG = 4070006


@dataclass(frozen=True, slots=True)
class Prover:
    """One per process and configuration."""

    tools: ProofTools
    database: Database
    hooks: HookRunner
    base_url: str
    changes: ChangeTools

    async def find_link(self, token: str) -> OneTimeCode | None:
        """The link of a token, good or not."""
        return await self.tools.sender.links.find(self.database.reader, Purpose.VERIFICATION, token)

    async def by_code(self, flow: Flow, request: FlowRequest, form: ProofForm, too_many: Replacement) -> Plan:
        """What a code brings about."""
        code = form.text(CODE)
        sender, purpose, words = self.tools.sender, Purpose.VERIFICATION, self.tools.catalogue.words(flow.language)
        missed = MissedGuess(
            sender, self.tools.clock, flow, purpose, code, words, WRONG, shown=form.payload, too_many=too_many
        )
        found = await sender.codes.peek(self.database.reader, flow.id, purpose, code)
        if isinstance(found, Miss):
            return missed
        return await self._proved(flow, request, form, found, missed, too_many)

    async def by_link(
        self,
        flow: Flow,
        request: FlowRequest,
        form: ProofForm,
        link: OneTimeCode,
        wrong: Replacement,
        retry: Replacement,
    ) -> Plan:
        """What a link brings about; `wrong` is said when it proves nothing after all, `retry` shows a hook's veto."""
        return await self._proved(flow, request, form, link, wrong, retry)

    async def _proved(
        self,
        flow: Flow,
        request: FlowRequest,
        form: ProofForm,
        proof: OneTimeCode,
        missed: MissedGuess | Replacement,
        retry: Replacement,
    ) -> Plan:
        reader = self.database.reader
        change = await self._waiting_for(flow, proof)
        identity = await (self._owner(proof) if change is None else find_identity(reader, change.identity_id))
        if identity is None:
            return missed
        identity = with_verified(identity, proof.recipient.via, proof.recipient.address, self.tools.clock.now())
        # Of a sign-up that began this flow the payload is kept: its templates may want it (Kratos loses it).
        payload = form.payload or flow.internal.get(TRANSIENT) or {}
        done = passed(flow, self.tools.settings, self.tools.catalogue.words(flow.language), proof.recipient.via)
        context = self._context(done, request, identity, payload)

        async def ask(person: Identity) -> Replacement | FailedAfterwards | None:
            return await self._objection(flow, person, retry, lambda seen: self._context(done, request, seen, payload))

        # Of a change that waited for this proof the verification's hooks come last, as in Kratos.
        objection = await ask(identity) if change is None else None
        cause = Cause(
            source="flow",
            # Behind a hook that objects none of the flow's other hooks runs; actions on the proof itself do.
            flow_kind=str(flow.kind) if objection is None else None,
            flow_id=flow.id,
            method=self.tools.settings.method,
            context=context,
            trace_id=request.trace_id,
            locale=flow.language,
        )
        proved = ProvedAddress(self.tools, flow, proof, form.text(CODE), identity, cause, missed, objection)
        if change is None:
            return proved
        return ChangedAddress(self.changes, proved, change, request, ask)

    async def _objection(
        self, flow: Flow, identity: Identity, retry: Replacement, see: SeePerson
    ) -> Replacement | FailedAfterwards | None:
        """What a hook has against it, as a new form; or how it failed."""
        try:
            asked = await self.hooks.after_person(flow, self.tools.settings.method, identity, see)
        except WebHookBroken:
            # Not only apps are told 400 here, as in Kratos.
            return FailedAfterwards(WebHookBroken(is_native=True), new_csrf_token())
        except DoorwardError as failure:
            return FailedAfterwards(failure, new_csrf_token())
        if not isinstance(asked, Veto):
            return None
        return replace(retry, flow=replace(retry.flow, ui=with_problems(retry.flow.ui, asked.problems)))

    async def _waiting_for(self, flow: Flow, proof: OneTimeCode) -> PendingChange | None:
        """The change that waits for this very proof; a code for any other address, typed in the same form, is none."""
        change = await self.changes.changes.find(self.database.reader, flow.id)
        to = proof.recipient
        if change is None or (to.identity_id, to.via, to.address) != (change.identity_id, change.via, change.address):
            return None
        return change

    async def _owner(self, proof: OneTimeCode) -> Identity | None:
        """Whose address it is still: it may have been given up since the message was sent."""
        to = proof.recipient
        if to.identity_id is None:
            return None
        identity = await find_identity(self.database.reader, to.identity_id)
        addresses = identity.verifiable_addresses if identity else ()
        return identity if any((each.via, each.value) == (to.via, to.address) for each in addresses) else None

    def _context(self, flow: Flow, request: FlowRequest, identity: Identity, payload: Any) -> dict[str, Any]:
        shown = replace(flow, beside={**flow.beside, TRANSIENT: payload})
        return {
            **template_context(shown, request, self.tools.settings.header_allowlist),
            "identity": public_identity(identity, self.base_url),
        }
