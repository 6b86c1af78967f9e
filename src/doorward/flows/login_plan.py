"""What one sign-in stores and answers: the session, what the method has to keep, the event, the flow."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from doorward.clock import Clock
from doorward.errors import DoorwardError
from doorward.flows import store
from doorward.flows.answers import Done, Navigate
from doorward.flows.form import FormProblem, with_problems
from doorward.flows.login_contract import Authenticated
from doorward.flows.login_effects import LoginEffects
from doorward.flows.messages import Words
from doorward.flows.model import Flow, FlowType
from doorward.flows.sign_in import SignIn
from doorward.identities.events import Cause, EventKind
from doorward.identities.render import public_identity
from doorward.identities.service import IdentityService
from doorward.sessions.render import session_json
from doorward.storage.contract import Transaction


class ProofSpent(DoorwardError):
    """What was shown has been used in the meantime."""

    def __init__(self, message_id: int = 4010008) -> None:
        """`message_id` is what the form says then."""
        self.message_id = message_id
        super().__init__()


@dataclass(frozen=True, slots=True)
class LoginPlan:
    """`next_factor_url` is where a browser goes instead when the account needs more than this ("": nowhere else).

    `csrf_cookie` is the browser's next CSRF token, "" to keep the one it has.
    """

    identities: IdentityService
    clock: Clock
    base_url: str
    flow: Flow
    words: Words
    proof: Authenticated
    sign_in: SignIn
    cause: Cause
    location: str
    next_factor_url: str
    csrf_cookie: str
    effects: LoginEffects

    async def write(self, tx: Transaction) -> None:
        """All or nothing: a code that somebody else used in the meantime signs nobody in."""
        for write in self.proof.writes:
            await write(tx)
        await self.sign_in.write(tx)
        await self.effects.write(tx, self.sign_in.issued.session)
        kind = EventKind.SESSION_CREATED if self.sign_in.is_new else EventKind.SESSION_RAISED
        await self.identities.note(tx, kind, self.proof.identity, self.cause)
        state = self.proof.state or self.flow.state
        finished = replace(self.flow, identity_id=self.proof.identity.id, active=self.proof.method, state=state)
        await store.update_flow(tx, finished, self.clock.now())

    async def conclude(self, written: None) -> Done | Navigate | Flow:
        """The session; a browser of somebody with a second factor is sent on to it."""
        is_browser = self.flow.type is FlowType.BROWSER
        issued = self.sign_in.issued
        cookie = issued if is_browser else None
        if is_browser and self.next_factor_url:
            return Navigate(self.next_factor_url, cookie, self.csrf_cookie)
        return Done(self.flow, self._body(), self.effects.location(self.location), cookie, self.csrf_cookie)

    def refused(self, error: DoorwardError) -> Flow | None:
        """A proof that was good a moment ago."""
        if isinstance(error, ProofSpent):
            return replace(
                self.flow, ui=with_problems(self.flow.ui, [FormProblem(None, self.words.say(error.message_id))])
            )
        return None

    def _body(self) -> Mapping[str, Any]:
        is_api = self.flow.type is FlowType.API
        shown = self.effects.shown
        identity = None if self.next_factor_url else public_identity(shown, self.base_url)
        session = session_json(self.sign_in.issued.session, identity, shown.is_active, self.clock.now())
        if identity is None:
            session["identity"] = None
        going = [] if is_api else [{"action": "redirect_browser_to", "redirect_browser_to": self.location}]
        body: dict[str, Any] = {"session": session, "continue_with": [*going, *self.effects.items()] or None}
        if is_api:
            body["session_token"] = self.sign_in.issued.token
        return body
