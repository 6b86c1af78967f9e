"""The control API's handlers. Every one answers JSON; what cannot be understood is 400 with an `error` text."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portalsim.control import state
from portalsim.control.answers import BadControl, is_foreign, read_number, read_object, refused, shown
from portalsim.control.stories import STORIES, tell
from portalsim.faults.model import BadFault
from portalsim.happenings import BadHappening, happen, new_token_value
from portalsim.limits import CUSTOM, PLANS, Plan
from portalsim.portal import Portal
from portalsim.problems import Problem
from portalsim.seeding import seed_contacts
from portalsim.switches import UnknownSwitch
from portalsim.tokens import KINDS, SCOPES, Token

Handler = Callable[[Request], Awaitable[Response]]
PAGE = 1_000
MAX_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Control:
    """All handlers on one portal."""

    portal: Portal

    async def state(self, request: Request) -> Response:
        return shown(state.everything(self.portal))

    async def counters(self, request: Request) -> Response:
        return shown(state.counters(self.portal))

    async def reset(self, request: Request) -> Response:
        """`{seed?}`: an empty portal."""
        body = await read_object(request)
        self.portal.reset(int(read_number(body.get("seed"), self.portal.seed)))
        return shown(state.everything(self.portal))

    async def seed(self, request: Request) -> Response:
        """`{count, domain?}`: contacts with invented names."""
        body = await read_object(request)
        count = int(read_number(body.get("count"), 100))
        made = seed_contacts(self.portal, count, str(body.get("domain", "example.org")))
        return shown({"created": made, "contacts": state.counters(self.portal)["contacts"]}, 201)

    async def clock(self, request: Request) -> Response:
        """`{advance_s?, set?, freeze?, thaw?}`"""
        if request.method == "POST":
            body, clock = await read_object(request), self.portal.clock
            if body.get("freeze"):
                clock.freeze()
            if "set" in body:
                clock.set_to(_moment(body["set"]))
            clock.advance(read_number(body.get("advance_s"), 0))
            if body.get("thaw"):
                clock.thaw()
        return shown(state.clock(self.portal))

    async def faults(self, request: Request) -> Response:
        """POST arms one; DELETE disarms all."""
        if request.method == "DELETE":
            self.portal.faults.clear()
        if request.method == "POST":
            armed = self.portal.faults.arm(await read_object(request), self.portal.clock.now_ms())
            return shown(armed.to_json(), 201)
        return shown({"faults": [each.to_json() for each in self.portal.faults.list_all()], "stories": list(STORIES)})

    async def fault(self, request: Request) -> Response:
        if not self.portal.faults.disarm(request.path_params["id"]):
            return refused("there is no such fault", 404)
        return Response(status_code=204)

    async def story(self, request: Request) -> Response:
        """Arms the faults of a named story."""
        name = request.path_params["name"]
        if name not in STORIES:
            return refused(f"the stories are {', '.join(STORIES)}", 404)
        return shown({"armed": [each.to_json() for each in tell(self.portal, name)]}, 201)

    async def happenings(self, request: Request) -> Response:
        """`{action, …}`: what happens behind an integration's back."""
        details = await read_object(request)
        with self.portal.database.together():
            return shown(happen(self.portal, details))

    async def tokens(self, request: Request) -> Response:
        """POST `{name?, kind?, scopes?, expires_in_s?, token?}` makes one and shows its value, once."""
        if request.method == "GET":
            return shown({"tokens": [each.to_json() for each in self.portal.tokens.list_all()]})
        body = await read_object(request)
        kind = str(body.get("kind", "service_key"))
        if kind not in KINDS:
            raise BadControl(f"kind is one of {', '.join(KINDS)}")
        now_ms = self.portal.clock.now_ms()
        lifetime_s = read_number(body.get("expires_in_s"), 1800 if kind == "oauth" else 0)
        made = Token(
            value=str(body.get("token") or new_token_value(self.portal, kind)),
            name=str(body.get("name", kind)),
            kind=kind,
            scopes=tuple(str(each) for each in body.get("scopes", SCOPES)),
            app_id=int(read_number(body.get("app_id"), 1001 + len(self.portal.tokens.list_all()))),
            created_ms=now_ms,
            expires_ms=now_ms + int(lifetime_s * 1000) if lifetime_s else None,
            refresh_value=self.portal.new_uuid() if kind == "oauth" else "",
        )
        self.portal.tokens.put(made)
        return shown({**made.to_json(), "value": made.value, "refresh": made.refresh_value}, 201)

    async def token(self, request: Request) -> Response:
        """POST /revoke, /rotate, /expire, /scopes on one token."""
        verbs = {
            "revoke": "revoke_token",
            "rotate": "rotate_token",
            "expire": "expire_token",
            "scopes": "set_scopes",
        }
        action = verbs.get(request.path_params["verb"])
        if action is None:
            return refused(f"a token can {', '.join(verbs)}", 404)
        details = {**await read_object(request), "action": action, "token": request.path_params["id"]}
        return shown(happen(self.portal, details))

    async def ledger(self, request: Request) -> Response:
        """`after`, `limit`; filters: trace_id, contact_id, email, outcome, correlation_id, kind, unique=NAME=VALUE."""
        query = request.query_params
        limit = min(int(read_number(query.get("limit"), PAGE)), MAX_PAGE)
        after = int(read_number(query.get("after"), 0))
        entries = self.portal.ledger.page(after, limit, query)
        return shown(
            {
                "entries": entries,
                "last": self.portal.ledger.last_seq(),
                "next_after": entries[-1]["seq"] if len(entries) == limit else None,
            }
        )

    async def requests(self, request: Request) -> Response:
        """`after` (oldest first), else the newest; filters: path, status, correlation_id, fault; `bodies`."""
        query = request.query_params
        limit = min(int(read_number(query.get("limit"), 100)), MAX_PAGE)
        lines = (
            self.portal.journal.after(int(read_number(query.get("after"), 0)), limit)
            if "after" in query
            else self.portal.journal.newest(limit, query)
        )
        return shown({"requests": [each.to_json(bodies="bodies" in query) for each in lines]})

    async def switches(self, request: Request) -> Response:
        """POST `{name: value, …}`: all or none."""
        if request.method == "POST":
            body = await read_object(request)
            with self.portal.database.together():
                for name, value in body.items():
                    self.portal.flip(name, str(value))
        return shown({"switches": state.switches(self.portal)})

    async def plan(self, request: Request) -> Response:
        if request.method == "POST":
            self.portal.set_plan(_plan(await read_object(request)))
            self.portal.limits.reset()
        return shown(state.plan(self.portal))


def routes(portal: Portal) -> list[Route]:
    """Everything under `/_sim/`."""
    control = Control(portal)
    both, post = ["GET", "POST"], ["POST"]
    table: tuple[tuple[str, Handler, list[str]], ...] = (
        ("/state", control.state, ["GET"]),
        ("/counters", control.counters, ["GET"]),
        ("/reset", control.reset, post),
        ("/seed", control.seed, post),
        ("/clock", control.clock, both),
        ("/faults", control.faults, ["GET", "POST", "DELETE"]),
        ("/faults/{id}", control.fault, ["DELETE"]),
        ("/stories/{name}", control.story, post),
        ("/happenings", control.happenings, post),
        ("/tokens", control.tokens, both),
        ("/tokens/{id}/{verb}", control.token, post),
        ("/ledger", control.ledger, ["GET"]),
        ("/requests", control.requests, ["GET"]),
        ("/switches", control.switches, both),
        ("/plan", control.plan, both),
    )
    return [Route(f"/_sim{path}", _guarded(handler), methods=methods) for path, handler, methods in table]


def _guarded(handler: Handler) -> Handler:
    async def guarded(request: Request) -> Response:
        if is_foreign(request):
            return refused("a page of another site must not control the simulator", 403)
        try:
            return await handler(request)
        except (BadControl, BadFault, BadHappening, UnknownSwitch) as wrong:
            return refused(str(wrong))
        except Problem as forbidden:
            return shown(forbidden.body, forbidden.status)

    return guarded


def _plan(body: Mapping[str, Any]) -> Plan:
    """A known one by name, or `custom` with `burst` and `daily`; null is unlimited."""
    name = str(body.get("name"))
    if name in PLANS:
        return PLANS[name]
    numbers = [body.get("burst"), body.get("daily")]
    if name != CUSTOM or not all(each is None or (isinstance(each, int) and each > 0) for each in numbers):
        raise BadControl(
            f"the plans are {', '.join(PLANS)}, and custom with burst and daily (numbers above 0, or null)"
        )
    return Plan(CUSTOM, numbers[0], numbers[1])


def _moment(text: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        raise BadControl(f"{text!r} is no ISO date and time") from None
    if found.tzinfo is None:
        raise BadControl(f"{text!r} has no time zone")
    return found
