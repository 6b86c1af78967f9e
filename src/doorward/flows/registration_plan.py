"""What one sign-up stores and answers. The transaction holds everything that must exist together or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from doorward.clock import Clock
from doorward.errors import DoorwardError
from doorward.flows import store
from doorward.flows.answers import Done
from doorward.flows.contract import Effect, SettledWaiter, Wish, Write
from doorward.flows.errors import FailedAfterwards, WebHookFailed
from doorward.flows.first_attempts import await_first_attempts
from doorward.flows.form import FormProblem
from doorward.flows.login_hints import TakenWithHints, find_hints
from doorward.flows.login_plan import ProofSpent
from doorward.flows.messages import Words
from doorward.flows.model import Flow, FlowType
from doorward.flows.registration_form import rejected_registration
from doorward.flows.verification import StartedVerification, Verifications
from doorward.identities.draft import Draft
from doorward.identities.events import Cause
from doorward.identities.render import public_identity
from doorward.identities.service import Change, IdentifierTaken, IdentityService
from doorward.sessions.model import Issued
from doorward.sessions.render import session_json
from doorward.sessions.service import SessionService
from doorward.storage.contract import Transaction


@dataclass(frozen=True, slots=True)
class Writers:
    """Who stores the parts."""

    identities: IdentityService
    sessions: SessionService
    verifications: Verifications
    waiter: SettledWaiter
    clock: Clock
    base_url: str


@dataclass(frozen=True, slots=True)
class RegistrationPlan:
    """`issued` is None for an identity that a hook made inactive: it is stored, but nobody is signed in.

    `flow` is the form with what was typed, for a refusal; `fetched` the one in the database, in which nothing that
    was typed is kept once it has succeeded (as in Kratos). `csrf_cookie` is the browser's next CSRF token, ""
    to keep the one it has: where neither a session nor a verification begins. `gives_hints`: whether a taken address
    tells how its account is entered.
    """

    writers: Writers
    flow: Flow
    fetched: Flow
    words: Words
    draft: Draft
    cause: Cause
    issued: Issued | None
    verifications: tuple[StartedVerification, ...]
    effects: frozenset[Wish]
    has_legacy_items: bool
    location: str
    csrf_cookie: str
    gives_hints: bool = False
    writes: tuple[Write, ...] = ()

    async def write(self, tx: Transaction) -> Change:
        """Identity with credentials, addresses, receipts, event and deliveries; session; verification; flow."""
        for write in self.writes:
            await write(tx)
        change = await self._create(tx)
        if self.issued is not None:
            await self.writers.sessions.store(tx, self.issued)
        await self.writers.verifications.store(tx, self.verifications)
        finished = replace(self.fetched, identity_id=change.identity.id, state=self.flow.state)
        await store.update_flow(tx, finished, self.writers.clock.now())
        return change

    async def _create(self, tx: Transaction) -> Change:
        try:
            return await self.writers.identities.create(tx, self.draft, self.cause)
        except IdentifierTaken:
            hints = await find_hints(tx, self.draft.identity) if self.gives_hints else None
            if hints is None:
                raise
            raise TakenWithHints(hints) from None

    async def conclude(self, written: Change) -> Done | Flow:
        """Waits for the first attempts of plain web_hooks, then answers. Raises FailedAfterwards where one failed.

        The identity is stored by then, and the delivery stays in the queue (Kratos forgets it). The browser needs the
        new CSRF cookie all the same: its verification flow goes by that.
        """
        try:
            await await_first_attempts(self.writers.waiter, written.recorded, self.flow)
        except WebHookFailed as failure:
            raise FailedAfterwards(failure, self.csrf_cookie) from failure
        if self.issued is None:
            bare = replace(self, flow=replace(self.fetched, state=self.flow.state))
            return bare._form(FormProblem(None, self.words.say(4010011)))
        is_browser = self.flow.type is FlowType.BROWSER
        is_handed_out = Effect.HAND_OUT_SESSION in self.effects
        return Done(
            flow=self.flow,
            body=self._body(written, self.issued, is_handed_out),
            location=self._location(),
            cookie=self.issued if is_browser and is_handed_out else None,
            csrf_cookie=self.csrf_cookie,
        )

    def refused(self, error: DoorwardError) -> Flow | None:
        """Somebody has this identifier already, found by the database and not before: two may ask at once."""
        if isinstance(error, TakenWithHints):
            return self._form(FormProblem(None, self.words.say(4000028, error.hints.context())))
        if isinstance(error, IdentifierTaken):
            return self._form(FormProblem(None, self.words.say(4000007)))
        if isinstance(error, ProofSpent):
            return replace(self._form(FormProblem(None, self.words.say(error.message_id))), state=self.fetched.state)
        return None

    def _form(self, *problems: FormProblem) -> Flow:
        return rejected_registration(self.flow, *problems).flow

    def _body(self, written: Change, issued: Issued, is_handed_out: bool) -> Mapping[str, Any]:
        identity = public_identity(written.identity, self.writers.base_url)
        body: dict[str, Any] = {
            "identity": identity,
            "continue_with": self._continue_with(issued, is_handed_out) or None,
        }
        if is_handed_out:
            body["session"] = session_json(issued.session, identity, True, self.writers.clock.now())
            if self.flow.type is FlowType.API:
                body["session_token"] = issued.token
        return body

    def _continue_with(self, issued: Issued, is_handed_out: bool) -> list[dict[str, Any]]:
        is_api = self.flow.type is FlowType.API
        items: list[dict[str, Any]] = []
        if not is_api:
            items.append({"action": "redirect_browser_to", "redirect_browser_to": self.location})
        if self.has_legacy_items:
            items += [self.writers.verifications.continue_with(each) for each in self.verifications]
        if Effect.SHOW_VERIFICATION in self.effects:
            items += [self.writers.verifications.continue_with(each) for each in self.verifications[-1:]]
        if is_api and is_handed_out:
            items.append({"action": "set_ory_session_token", "ory_session_token": issued.token})
        return items

    def _location(self) -> str:
        if Effect.SHOW_VERIFICATION in self.effects and self.verifications:
            return self.writers.verifications.page_url(self.verifications[-1])
        return self.location
