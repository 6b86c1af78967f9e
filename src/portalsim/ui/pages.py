"""The pages' routes: contacts, one contact, requests, the portal, static files and the live stream."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from portalsim.contacts import lookup, records
from portalsim.contacts.model import Contact
from portalsim.control import state
from portalsim.control.answers import is_foreign
from portalsim.control.stories import STORIES
from portalsim.limits import PLANS
from portalsim.portal import Portal
from portalsim.ui import browse, card, forms
from portalsim.ui.render import STATIC, Renderer
from portalsim.ui.spark import points

Stopping = Callable[[], bool]
TICK_S = 0.5


@dataclass(frozen=True, slots=True)
class Pages:
    portal: Portal
    renderer: Renderer
    is_stopping: Stopping

    async def contacts(self, request: Request) -> Response:
        query = request.query_params
        view = browse.View(
            text=query.get("q", "").strip()[:200],
            sort=query.get("sort", "created") if query.get("sort") in browse.SORTS else "created",
            is_descending=query.get("dir", "desc") != "asc",
            after=query.get("after", ""),
            shows_archived=query.get("archived") == "1",
        )
        page = browse.page(self.portal, view)
        template = "rows.html" if "rows" in query else "contacts.html"
        key = next(iter(self.portal.catalogue.unique_names), "")
        return self._page(template, "contacts", view=view, page=page, key=key, spark=self._spark())

    async def contact(self, request: Request) -> Response:
        contact = self._find(request.path_params["id"])
        if contact is None:
            return self._page("missing.html", "contacts", 404, what="This contact is not here, or not any more.")
        return self._page("contact.html", "contacts", contact=contact, **card.facts(self.portal, contact))

    async def requests(self, request: Request) -> Response:
        query = request.query_params
        return self._page("requests.html", "requests", lines=self.portal.journal.newest(200, query), query=query)

    async def request(self, request: Request) -> Response:
        line = self.portal.journal.find(request.path_params["id"])
        if line is None:
            return self._page("missing.html", "requests", 404, what="The log keeps the newest 2,000 calls only.")
        writes = self.portal.ledger.page(0, 200, {"correlation_id": line.correlation_id})
        return self._page("request.html", "requests", line=line, writes=writes)

    async def portal_page(self, request: Request) -> Response:
        return self._page("portal.html", "portal", notice="", is_bad=False, **self._portal_facts())

    async def submit(self, request: Request) -> Response:
        """A form of the portal page; shows the page again with what happened, or goes back to it."""
        if is_foreign(request):
            return PlainTextResponse("a page of another site must not control the simulator", 403)
        sent = parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True)
        form = {name: values[-1] for name, values in sent.items()}
        done = forms.submit(self.portal, request.path_params["what"], form)
        if done.go_to:
            return RedirectResponse(done.go_to, 303)
        status = 400 if done.is_bad else 200
        return self._page("portal.html", "portal", status, notice=done.text, is_bad=done.is_bad, **self._portal_facts())

    async def events(self, request: Request) -> Response:
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(self._stream(request), media_type="text/event-stream", headers=headers)

    async def _stream(self, request: Request) -> AsyncIterator[bytes]:
        """Counters when they change, and a sign of life every ten seconds."""
        last, quiet = b"", 0
        while not self.is_stopping() and not await request.is_disconnected():
            now = orjson.dumps({**state.counters(self.portal), "spark": self._spark()})
            quiet = 0 if now != last else quiet + 1
            if now != last:
                yield b"data: " + now + b"\n\n"
            elif quiet % 20 == 0:
                yield b": still here\n\n"
            last = now
            await asyncio.sleep(TICK_S)

    def _page(self, template: str, section: str, status: int = 200, **context: Any) -> Response:
        shared: Mapping[str, Any] = {
            "section": section,
            "portal": self.portal,
            "account": self.portal.account,
            "counters": state.counters(self.portal),
        }
        return self.renderer.page(template, {**shared, **context}, status)

    def _portal_facts(self) -> dict[str, Any]:
        now = self.portal.clock.now()
        return {
            "properties": [each for each in self.portal.catalogue.live.values() if not each.is_standard],
            "standard_count": sum(each.is_standard for each in self.portal.catalogue.live.values()),
            "tokens": self.portal.tokens.list_all(),
            "plans": list(PLANS.values()),
            "used": {
                each.id: self.portal.limits.used(each, int(now.timestamp() * 1000))
                for each in self.portal.tokens.list_all()
            },
            "used_today": self.portal.limits.used_today(now),
            "faults": self.portal.faults.list_all(),
            "stories": {name: text for name, (text, _) in STORIES.items()},
            "switches": state.switches(self.portal),
            "clock": state.clock(self.portal),
        }

    def _spark(self) -> str:
        return points(self.portal.counters.rates(int(self.portal.clock.now().timestamp())))

    def _find(self, key: str) -> Contact | None:
        if not lookup.is_record_id(key):
            return None
        found = records.find(self.portal.database, int(key))
        return found or records.find(self.portal.database, int(key), archived=True)


def routes(portal: Portal, is_stopping: Stopping) -> list[Route | Mount]:
    pages = Pages(portal, Renderer(), is_stopping)
    return [
        Route("/", pages.contacts),
        Route("/contacts/{id}", pages.contact),
        Route("/requests", pages.requests),
        Route("/requests/{id}", pages.request),
        Route("/portal", pages.portal_page),
        Route("/portal/{what}", pages.submit, methods=["POST"]),
        Route("/events", pages.events),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
