"""The pages of flows: one template draws whatever nodes a flow has. They ask the same engine as the API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from doorward.flows.engine import FlowEngine
from doorward.flows.errors import LoginElsewhereRequired, SelfServiceFlowExpired, SessionInactive
from doorward.flows.model import FlowKind
from doorward.flows.return_to import with_query
from doorward.sessions.logout_token import logout_token
from doorward.ui.flow_words import (
    LOGIN,
    RECOVERY,
    REGISTRATION,
    SECOND_FACTOR,
    SETTINGS,
    VERIFICATION,
    FlowWords,
)
from doorward.ui.form import form_view, notes_of, section_views
from doorward.ui.render import Pages
from doorward.ui.told import Endpoint
from doorward.web.flow_request import flow_request
from doorward.web.responses import redirect
from doorward.web.site import Site

WORDS: Mapping[FlowKind, FlowWords] = {
    FlowKind.REGISTRATION: REGISTRATION,
    FlowKind.LOGIN: LOGIN,
    FlowKind.RECOVERY: RECOVERY,
    FlowKind.VERIFICATION: VERIFICATION,
    FlowKind.SETTINGS: SETTINGS,
}
NEW_PASSWORD = (FlowKind.REGISTRATION, FlowKind.SETTINGS)
RETURN_TO = "return_to"


@dataclass(frozen=True, slots=True)
class FlowPageSettings:
    """`password_length_min` is told beside the field of a new password; `open_kinds` are flows that may be started."""

    password_length_min: int = 8
    open_kinds: frozenset[FlowKind] = field(default_factory=lambda: frozenset(FlowKind))


@dataclass(frozen=True, slots=True)
class Link:
    """Where else somebody might want to go."""

    text: str
    href: str


def sign_out_url(base_url: str, session_token: str) -> str:
    """The link that ends the session of who is shown it; "" for nobody. Its token keeps other sites from using it."""
    if not session_token:
        return ""
    return with_query(base_url.rstrip("/") + "/self-service/logout", token=logout_token(session_token))


class FlowPages:
    """`/ui/KIND` for every kind of flow."""

    def __init__(self, site: Site, engine: FlowEngine, pages: Pages, settings: FlowPageSettings) -> None:
        self._site = site
        self._engine = engine
        self._pages = pages
        self._settings = settings

    def endpoints(self) -> Mapping[str, Endpoint]:
        """By path; `pages` puts its guard around each."""
        return {f"/ui/{kind}": self._endpoint(kind) for kind in FlowKind}

    def _endpoint(self, kind: FlowKind) -> Endpoint:
        async def show(request: Request) -> Response:
            return await self.show(kind, request)

        return show

    async def show(self, kind: FlowKind, request: Request) -> Response:
        """The form of a flow; without one, or with one that has ended, a new flow is started."""
        asked = await flow_request(request, self._site)
        flow_id = asked.query.get("flow", "")
        if not flow_id:
            return self._start(kind, request, asked.query)
        try:
            shown = await self._engine.fetch(kind, flow_id, asked)
        except SelfServiceFlowExpired as expired:
            return self._start(kind, request, {RETURN_TO: str(expired.details.get(RETURN_TO, ""))})
        except LoginElsewhereRequired as needed:
            return redirect(request, needed.redirect_browser_to)
        except SessionInactive:
            return self._start(FlowKind.LOGIN, request, {RETURN_TO: self._address(f"ui/{kind}")})
        return self._page(kind, shown.body, sign_out_url(self._site.base_url, asked.session_token))

    def _page(self, kind: FlowKind, flow: Mapping[str, Any], sign_out: str) -> Response:
        words = SECOND_FACTOR if flow.get("requested_aal") == "aal2" else WORDS[kind]
        state = str(flow["state"])
        drawn: dict[str, Any] = {"title": words.title(state), "lead": words.lead(state)}
        drawn["links"] = [Link("Sign out", sign_out)] if words is SECOND_FACTOR else self._links(kind, flow)
        drawn["sign_out"] = sign_out
        if kind is FlowKind.SETTINGS:
            sections = section_views(flow["ui"], self._hints(kind), words)
            return self._pages.page("settings.html", 200, sections=sections, notes=notes_of(flow["ui"]), **drawn)
        return self._pages.page("flow.html", 200, form=form_view(flow["ui"], self._hints(kind), words), **drawn)

    def _hints(self, kind: FlowKind) -> Mapping[str, str]:
        if kind not in NEW_PASSWORD:
            return {}
        least = self._settings.password_length_min
        return {"password": f"At least {least} characters. Three or four unrelated words are a good password."}

    def _links(self, kind: FlowKind, flow: Mapping[str, Any]) -> list[Link]:
        return_to = str(flow.get(RETURN_TO, ""))
        match kind:
            case FlowKind.REGISTRATION:
                offered = [("I have an account", FlowKind.LOGIN)]
            case FlowKind.LOGIN:
                offered = [("I cannot sign in", FlowKind.RECOVERY), ("Create an account", FlowKind.REGISTRATION)]
            case FlowKind.RECOVERY:
                offered = [("Back to signing in", FlowKind.LOGIN)]
            case FlowKind.SETTINGS | FlowKind.VERIFICATION:
                return []
        return [
            Link(text, self._start_address(other, {RETURN_TO: return_to}))
            for text, other in offered
            if other in self._settings.open_kinds
        ]

    def _start(self, kind: FlowKind, request: Request, query: Mapping[str, str]) -> Response:
        return redirect(request, self._start_address(kind, query))

    def _start_address(self, kind: FlowKind, query: Mapping[str, str]) -> str:
        start = self._address(f"self-service/{kind}/browser")
        kept = {name: query[name] for name in (RETURN_TO, "refresh", "aal") if query.get(name)}
        return with_query(start, **kept) if kept else start

    def _address(self, path: str) -> str:
        return self._site.base_url.rstrip("/") + "/" + path
