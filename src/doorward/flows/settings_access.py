"""Who may see and change settings: the person alone, signed in highly enough, and recently for what matters."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote, urlencode

from doorward.clock import Clock
from doorward.flows.errors import (
    FlowNotFound,
    SecurityIdentityMismatch,
    SessionAal2Required,
    SessionInactive,
    SessionMissing,
    SessionRefreshRequired,
)
from doorward.flows.model import Flow
from doorward.flows.request import FlowRequest
from doorward.flows.return_to import with_flow, with_query
from doorward.identities.factors import second_factors
from doorward.identities.model import Identity
from doorward.identities.store import find_identity
from doorward.sessions.aal import is_enough
from doorward.sessions.model import Session
from doorward.storage.contract import Database


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """`required_aal` is Kratos's policy; `max_age` how recent a sign-in must be; `page_url` shows the form."""

    base_url: str
    page_url: str
    required_aal: str
    max_age: timedelta
    is_code_factor: bool = False

    @property
    def own(self) -> str:
        return self.base_url.rstrip("/") + "/self-service"


@dataclass(frozen=True, slots=True)
class SettingsAccess:
    """Answers with the person, with credentials, or refuses."""

    settings: AccessSettings
    database: Database
    clock: Clock

    async def of_starter(self, request: FlowRequest, *, is_browser: bool) -> Identity:
        """Raises SessionInactive; SessionAal2Required, which leads back here if the request said where to go then."""
        session = request.session
        if session is None:
            raise SessionInactive(is_browser=is_browser)
        return_to = request.url if request.query.get("return_to") else ""
        return await self._person(session, return_to)

    async def of_reader(self, flow: Flow, request: FlowRequest) -> Identity:
        """Raises SessionMissing, SecurityIdentityMismatch, SessionAal2Required."""
        return await self._owner(flow, request, with_flow(self.settings.page_url, flow.id))

    async def of_visitor(self, request: FlowRequest) -> Identity:
        """Who submits, whosever form it is: the session's level is asked before that (as in Kratos).

        Raises SessionMissing, SessionAal2Required.
        """
        if request.session is None:
            raise SessionMissing
        return await self._person(request.session, self._sent_to(request))

    async def of_sender(self, flow: Flow, request: FlowRequest) -> Identity:
        """Raises SessionMissing, SecurityIdentityMismatch, SessionAal2Required."""
        return await self._owner(flow, request, self._sent_to(request))

    def is_fresh(self, session: Session) -> bool:
        """Whether the latest proof is recent enough for what matters."""
        return session.authenticated_at + self.settings.max_age > self.clock.now()

    def check_fresh(self, session: Session, request: FlowRequest, before: Identity, after: Identity) -> None:
        """Raises SessionRefreshRequired where it takes a recent sign-in to make one of the other."""
        if not self.is_fresh(session) and _ways_in(before) != _ways_in(after):
            raise SessionRefreshRequired(self.refresh_url(request))

    def refresh_url(self, request: FlowRequest) -> str:
        """Where somebody signs in again, and comes back from to what was paused."""
        return with_query(self._login(), refresh="true", return_to=self._sent_to(request))

    def _sent_to(self, request: FlowRequest) -> str:
        """Where a form was sent to, with all that stood in the address."""
        return f"{self.settings.own}/settings?{urlencode(sorted(request.query.items()), quote_via=quote, safe='')}"

    async def _owner(self, flow: Flow, request: FlowRequest, return_to: str) -> Identity:
        session = request.session
        if session is None:
            raise SessionMissing
        if session.identity_id != flow.identity_id:
            raise SecurityIdentityMismatch
        return await self._person(session, return_to)

    async def _person(self, session: Session, return_to: str) -> Identity:
        identity = await find_identity(self.database.reader, session.identity_id, with_credentials=True)
        if identity is None:
            raise FlowNotFound
        factors = second_factors(identity.credentials, is_code_factor=self.settings.is_code_factor)
        if not is_enough(self.settings.required_aal, session.aal, bool(factors)):
            back = {"return_to": return_to} if return_to else {}
            raise SessionAal2Required(with_query(self._login(), aal="aal2", **back))
        return identity

    def _login(self) -> str:
        return f"{self.settings.own}/login/browser"


def _ways_in(identity: Identity) -> tuple[object, ...]:
    """What lets somebody in, and where they are reached."""
    identifiers = {kind: set(credential.identifiers) for kind, credential in identity.credentials.items()}
    proofs = [(each.via, each.value, each.verified, each.status) for each in identity.verifiable_addresses]
    return identifiers, proofs, [(each.via, each.value) for each in identity.recovery_addresses]
