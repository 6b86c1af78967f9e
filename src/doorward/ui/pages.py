"""The self-service pages: sign-up, welcome, error. They ask the same engine as the API, in this process."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.flows.engine import FlowEngine
from doorward.flows.errors import SelfServiceFlowExpired
from doorward.flows.model import FlowKind
from doorward.flows.return_to import with_query
from doorward.identities.store import list_receipts
from doorward.observability.logging import Log
from doorward.ui.form import form_view
from doorward.ui.render import Pages
from doorward.ui.told import Endpoint, told_as_page
from doorward.ui.welcome import welcome
from doorward.ui.words import error_words
from doorward.web.error_pages import find_shown_error
from doorward.web.flow_request import flow_request
from doorward.web.responses import redirect
from doorward.web.site import Site, find_visitor

READ_ID = "id"


@dataclass(frozen=True, slots=True)
class PageSettings:
    """`announced` are the consent purposes that an action sends on; `password_length_min` is told beside the field.

    `password_page_url` is where a password is changed: password managers ask for it (W3C, change-password URL).
    """

    password_page_url: str
    announced: Collection[str] = ()
    password_length_min: int = 8


class SelfServicePages:
    """Everything under /ui/ but static files."""

    def __init__(self, site: Site, engine: FlowEngine, pages: Pages, settings: PageSettings) -> None:
        self._site = site
        self._engine = engine
        self._pages = pages
        self._settings = settings
        self._log = Log("pages")

    def routes(self) -> list[Route]:
        return [
            Route("/ui/", self._shown(self.home), include_in_schema=False),
            Route("/ui/registration", self._shown(self.registration), include_in_schema=False),
            Route("/ui/welcome", self._shown(self.welcome), include_in_schema=False),
            Route("/ui/error", self._shown(self.error), include_in_schema=False),
            Route("/.well-known/change-password", self.change_password, include_in_schema=False),
        ]

    async def home(self, request: Request) -> Response:
        """Whoever is signed in is welcomed, everybody else may sign up."""
        visitor = await find_visitor(request, self._site)
        return redirect(request, self._address("ui/welcome" if visitor else "ui/registration"))

    async def registration(self, request: Request) -> Response:
        """The form of a flow; without one, or with one that has ended, a new flow is started."""
        asked = await flow_request(request, self._site)
        flow_id = asked.query.get("flow", "")
        if not flow_id:
            return self._start(request, asked.query.get("return_to", ""))
        try:
            shown = await self._engine.fetch(FlowKind.REGISTRATION, flow_id, asked)
        except SelfServiceFlowExpired as expired:
            return self._start(request, str(expired.details.get("return_to", "")))
        least = self._settings.password_length_min
        hints = {"password": f"At least {least} characters. Three or four unrelated words are a good password."}
        return self._pages.page("registration.html", form=form_view(shown.body["ui"], hints))

    async def welcome(self, request: Request) -> Response:
        """For somebody who has just signed up, or comes back."""
        visitor = await find_visitor(request, self._site)
        if visitor is None:
            return redirect(request, self._address("ui/registration"))
        receipts = await list_receipts(self._site.database.reader, visitor.identity.id)
        told = welcome(visitor.identity, receipts, self._settings.announced, visitor.session.expires_at)
        return self._pages.page("welcome.html", welcome=told)

    async def error(self, request: Request) -> Response:
        """What an endpoint stored for this browser. The page itself is fine, so its status is 200."""
        error_id = request.query_params.get(READ_ID, "")
        found = await find_shown_error(request, self._site, error_id)
        return self._error(200, dict(found.error), str(found.id))

    async def change_password(self, request: Request) -> Response:
        """To the settings page."""
        return redirect(request, self._settings.password_page_url)

    def _start(self, request: Request, return_to: str) -> Response:
        start = self._address("self-service/registration/browser")
        return redirect(request, with_query(start, return_to=return_to) if return_to else start)

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
