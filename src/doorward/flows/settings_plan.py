"""What one change of settings stores and answers: the person, receipts, the raised session, the flow and its next."""

from dataclasses import dataclass, field, replace
from typing import Any

from doorward.clock import Clock
from doorward.errors import DoorwardError
from doorward.flows import store
from doorward.flows.answers import Done, SignInAgain
from doorward.flows.continuity import Continuity, Held, PausedStep
from doorward.flows.contract import SettledWaiter
from doorward.flows.first_attempts import await_first_attempts
from doorward.flows.form import FormProblem, with_problems
from doorward.flows.messages import Words
from doorward.flows.model import Flow, FlowType
from doorward.flows.proving_edit import ProvingEdit
from doorward.flows.render import flow_json
from doorward.flows.request import FlowRequest
from doorward.flows.settings_contract import Revised
from doorward.flows.settings_effects import EffectTools, SettingsEffects
from doorward.flows.settings_form import SettingsForms
from doorward.flows.settings_pending import PendingTools
from doorward.flows.verification import StartedVerification, Verifications
from doorward.identities.events import Cause, Recorded
from doorward.identities.service import IdentifierTaken, IdentityService
from doorward.sessions.model import Issued, Session
from doorward.sessions.service import SessionService
from doorward.storage.contract import Transaction


@dataclass(frozen=True, slots=True)
class SettingsWriters:
    """Who stores the parts."""

    identities: IdentityService
    sessions: SessionService
    verifications: Verifications
    continuity: Continuity
    forms: SettingsForms
    waiter: SettledWaiter
    clock: Clock
    effects: EffectTools
    pending: PendingTools


@dataclass(frozen=True, slots=True)
class Saved:
    """What was stored: the flow as it succeeded, the session as it is now, and what the request has to wait for."""

    flow: Flow
    fresh: Flow
    session: Session
    started: tuple[StartedVerification, ...]
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class SettingsPlan:
    """`flow` is the form with what was typed, for a refusal; `fresh` the next flow, with the form as it will be.

    `resumed` is the paused step that is carried out with this; `location` is where a browser goes then.
    """

    writers: SettingsWriters
    flow: Flow
    fresh: Flow
    request: FlowRequest = field(repr=False)
    session: Session
    words: Words
    revised: Revised
    cause: Cause
    location: str
    effects: SettingsEffects
    resumed: PausedStep | None = None

    async def write(self, tx: Transaction) -> Saved:
        """The change with its events, then what follows from it. A step that was paused is carried out once."""
        if self.resumed is not None and not await self.writers.continuity.end(tx, self.resumed):
            raise StepTakenUp
        schemas, verifications = self.writers.identities.schemas, self.writers.verifications
        edit = ProvingEdit(self.revised.edit, schemas, verifications, self.flow, self.flow.csrf_token)
        change = await self.writers.identities.rewrite(
            tx, self.session.identity_id, edit, self.cause, self.revised.consents
        )
        identity, started = change.identity, edit.started
        await self.writers.verifications.store(tx, started)
        session = await self._raised(tx)
        assert edit.before is not None
        await self.effects.write(tx, self.flow, edit.before, identity, session, self.request.trace_id)
        forms = self.writers.forms
        fresh = forms.seen(self.fresh, identity)
        flow = forms.finished(self.flow, fresh, self.words)
        await store.insert_flow(tx, fresh)
        await store.update_flow(tx, flow, self.writers.clock.now())
        return Saved(flow, fresh, session, started, change.recorded)

    async def conclude(self, written: Saved) -> Done:
        """The flow as it is now. Raises WebHookFailed when a plain web_hook failed: the change is stored by then."""
        await await_first_attempts(self.writers.waiter, written.recorded, self.flow)
        is_browser = self.flow.type is FlowType.BROWSER
        items = self._continue_with(written.started)
        going = {"continue_with": items} if items else {}
        body = flow_json(replace(written.flow, beside={**written.flow.beside, **going}))
        cookie = Issued(written.session, self.request.session_token) if is_browser else None
        return Done(written.flow, body, self.location, cookie, continuity=self._continuity())

    def refused(self, error: DoorwardError) -> Flow | None:
        """Somebody else has this identifier or address."""
        if isinstance(error, IdentifierTaken):
            problem = FormProblem(None, self.words.say(4000007))
            return replace(self.flow, ui=with_problems(self.flow.ui, [problem]))
        return None

    async def _raised(self, tx: Transaction) -> Session:
        proof = self.revised.proof
        if proof is None:
            return self.session
        return await self.writers.sessions.upgrade(tx, self.session, proof.method, proof.aal)

    def _continue_with(self, started: tuple[StartedVerification, ...]) -> list[dict[str, Any]]:
        items = self.effects.items(started)
        if self.flow.type is FlowType.BROWSER:
            items.append({"action": "redirect_browser_to", "redirect_browser_to": self.location})
        return items

    def _continuity(self) -> tuple[Held, ...]:
        """The browser's cookie, which names the step no longer; Kratos sets it twice."""
        if self.resumed is None:
            return ()
        held = {name: each for name, each in self.request.continuity.items() if name != self.resumed.name}
        return (held, held)


@dataclass(frozen=True, slots=True)
class PausePlan:
    """A change that takes a fresh sign-in first: kept, until the browser comes back from there."""

    continuity: Continuity
    step: PausedStep
    held: Held
    location: str

    async def write(self, tx: Transaction) -> None:
        await self.continuity.pause(tx, self.step)

    async def conclude(self, written: None) -> SignInAgain:
        return SignInAgain(self.location, {**self.held, self.step.name: self.step.id})

    def refused(self, error: DoorwardError) -> Flow | None:
        return None


class StepTakenUp(DoorwardError):
    """What was paused has been carried out already."""
