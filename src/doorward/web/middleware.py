"""Puts the layers around the routes of a listener, in the one order that is right, and the small layers themselves."""

from collections.abc import Callable, Sequence

from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorward.config.model_serve import AdminServe, PublicServe
from doorward.errors import DoorwardError
from doorward.observability.logging import Log
from doorward.observability.metrics import Metrics
from doorward.web.admin_guard import AdminGuard
from doorward.web.cookies import Cookies
from doorward.web.cors import Cors
from doorward.web.csrf import CsrfGuard
from doorward.web.every_answer import EveryAnswer
from doorward.web.headers import add_header, has_header
from doorward.web.overload import OverloadGuard
from doorward.web.problems import json_problem, problem_of
from doorward.web.request_context import RequestContext
from doorward.web.routing import Routes

NO_CACHE = "private, no-cache, no-store, must-revalidate"


class NoCache:
    """ASGI middleware: what a GET answers is private unless the answer says otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_private(message: Message) -> None:
            is_start = message["type"] == "http.response.start"
            if is_start and scope["method"] == "GET" and not has_header(message, "cache-control"):
                add_header(message, "cache-control", NO_CACHE)
            await send(message)

        await self._app(scope, receive, send_private)


class Problems:
    """ASGI middleware: errors of the tree that no endpoint answered itself become JSON, inside the other layers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = Log("http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except DoorwardError as error:
            if problem_of(error).status >= 500:
                self._log.fault("request_refused", error, code=error.code())
            await json_problem(error)(scope, receive, send)


def public_stack(
    routes: Sequence[Route],
    config: PublicServe,
    cookies: Cookies,
    metrics: Metrics,
    is_line_full: Callable[[], bool] = lambda: False,
    *,
    is_any_star_honoured: bool = False,
) -> ASGIApp:
    """The public port. CORS is outside CSRF: a preflight sets no cookie."""
    inner = CsrfGuard(Problems(Routes(routes)), cookies)
    cors = Cors(NoCache(inner), config.cors, is_any_star_honoured=is_any_star_honoured)
    guarded = OverloadGuard(cors, is_line_full=is_line_full)
    app = RequestContext(guarded, "public", metrics, is_health_silent=config.request_log.disable_for_health)
    return EveryAnswer(app, config.base_url)


def admin_stack(routes: Sequence[Route], config: AdminServe, metrics: Metrics) -> ASGIApp:
    """The admin port: no cookies, no CORS, closed unless said otherwise."""
    keys = [key.reveal() for key in config.api_keys]
    guarded = AdminGuard(Problems(Routes(routes)), config.base_url, keys, is_open=config.open)
    is_health_silent = config.request_log.disable_for_health
    app = RequestContext(OverloadGuard(NoCache(guarded)), "admin", metrics, is_health_silent=is_health_silent)
    return EveryAnswer(app, config.base_url)
