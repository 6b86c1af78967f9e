"""What the edges of the public port share: the installation's addresses, cookies, sessions, database."""

from dataclasses import dataclass

from starlette.requests import Request

from doorward.clock import Clock
from doorward.flows.errors import SessionAal2Required
from doorward.flows.signed_in import find_signed_in
from doorward.identities.factors import load_second_factors
from doorward.identities.model import Identity
from doorward.sessions.aal import AAL2, HIGHEST, is_enough
from doorward.sessions.model import Session
from doorward.sessions.service import SessionService, is_live
from doorward.storage.contract import Database
from doorward.web.client import Network
from doorward.web.cookies import Cookies
from doorward.web.session_token import Credential, find_credential


@dataclass(frozen=True, slots=True)
class Site:
    """Made once, by `app.py`. Addresses end with a slash; `error_page_url` is where browsers are shown errors.

    `required_aal` is `session.whoami.required_aal`; `is_code_factor`: mailed codes count as second factors. `proxies`
    are those in front of us that have public addresses.
    """

    base_url: str
    admin_url: str
    error_page_url: str
    is_dev: bool
    cookies: Cookies
    sessions: SessionService
    database: Database
    clock: Clock
    required_aal: str = "aal1"
    is_code_factor: bool = False
    proxies: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in, and by what. `may_have_factor` as in `SignedIn`."""

    session: Session
    identity: Identity
    credential: Credential
    may_have_factor: bool = True


async def find_visitor(request: Request, site: Site) -> Visitor | None:
    """Who a request comes from; None without a live session of an active identity. Raises Unavailable."""
    credential = find_credential(request.headers, site.cookies)
    if credential is None:
        return None
    found = await find_signed_in(site.database.reader, credential.token)
    if found is None or not found.identity.is_active or not is_live(found.session, site.clock.now()):
        return None
    return Visitor(found.session, found.identity, credential, found.may_have_factor)


async def require_aal(visitor: Visitor, site: Site) -> None:
    """Raises SessionAal2Required where the person has a second factor that this session has not seen."""
    if site.required_aal != HIGHEST or visitor.session.aal >= AAL2:
        return
    if not (visitor.may_have_factor or site.is_code_factor):
        return
    reader = site.database.reader
    factors = await load_second_factors(reader, visitor.identity.id, is_code_factor=site.is_code_factor)
    if not is_enough(site.required_aal, visitor.session.aal, bool(factors)):
        raise SessionAal2Required(f"{site.base_url}self-service/login/browser?aal=aal2")
