"""The self-service pages around the flows: home, welcome, signing out, error. `flow_pages` has the flows' own."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.identities.store import list_receipts
from doorward.observability.logging import Log
from doorward.ui.flow_pages import FlowPages, sign_out_url
from doorward.ui.render import Pages
from doorward.ui.told import Endpoint, told_as_page
from doorward.ui.welcome import welcome
from doorward.ui.words import error_words
from doorward.web.error_pages import find_shown_error
from doorward.web.responses import redirect
from doorward.web.site import Site, find_visitor

READ_ID = "id"


@dataclass(frozen=True, slots=True)
class PageSettings:
    """`announced` are the consent purposes that an action sends on; `entrance` is the page of who is not signed in.

    `password_page_url` is where a password is changed: password managers ask for it (W3C, change-password URL).
    """

    password_page_url: str
    announced: Collection[str] = ()
    entrance: str = "ui/registration"


class SelfServicePages:
    """Everything under /ui/ but static files."""

    def __init__(self, site: Site, flows: FlowPages, pages: Pages, settings: PageSettings) -> None:
        self._site = site
        self._flows = flows
        self._pages = pages
        self._settings = settings
        self._log = Log("pages")

    def routes(self) -> list[Route]:
        return [
            Route("/ui/", self._shown(self.home), include_in_schema=False),
            *(
                Route(path, self._shown(endpoint), include_in_schema=False)
                for path, endpoint in self._flows.endpoints().items()
            ),
            Route("/ui/welcome", self._shown(self.welcome), include_in_schema=False),
            Route("/ui/error", self._shown(self.error), include_in_schema=False),
            Route("/.well-known/change-password", self.change_password, include_in_schema=False),
        ]

    async def home(self, request: Request) -> Response:
        """Whoever is signed in is welcomed, everybody else may sign in or up."""
        visitor = await find_visitor(request, self._site)
        return redirect(request, self._address("ui/welcome" if visitor else self._settings.entrance))

    async def welcome(self, request: Request) -> Response:
        """For somebody who has just signed up, or comes back."""
        visitor = await find_visitor(request, self._site)
        if visitor is None:
            return redirect(request, self._address("ui/login"))
        receipts = await list_receipts(self._site.database.reader, visitor.identity.id)
        told = welcome(visitor.identity, receipts, self._settings.announced, visitor.session.expires_at)
        sign_out = sign_out_url(self._site.base_url, visitor.credential.token)
        return self._pages.page("welcome.html", welcome=told, sign_out=sign_out)

    async def error(self, request: Request) -> Response:
        """What an endpoint stored for this browser. The page itself is fine, so its status is 200."""
        error_id = request.query_params.get(READ_ID, "")
        found = await find_shown_error(request, self._site, error_id)
        return self._error(200, dict(found.error), str(found.id))

    async def change_password(self, request: Request) -> Response:
        """To the settings page."""
        return redirect(request, self._settings.password_page_url)

    def _address(self, path: str) -> str:
        return self._site.base_url.rstrip("/") + "/" + path

    def _shown(self, endpoint: Endpoint) -> Endpoint:
        return told_as_page(endpoint, lambda problem: self._error(problem.status, dict(problem.error), ""), self._log)

    def _error(self, status: int, error: dict[str, Any], reference: str) -> Response:
        code = int(error.get("code", status))
        words = error_words(code, str(error.get("id", "")))
        # Reasons of a client's mistakes were written for people; those of servers for operators.
        reason = str(error.get("reason", "")) if code < 500 and not error.get("id") else ""
        return self._pages.page("error.html", status, words=words, reason=reason, reference=reference)
