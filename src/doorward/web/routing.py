"""Finds the route of a request, and answers as Kratos does where there is none: 404, 405 with Allow, clean paths."""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from doorward.web.responses import redirect, text_answer

ROUTE = "doorward.route"
ALL_METHODS = ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")
TEMPORARY = 307
UNESCAPED = "/:@!$&'()*+,;="


class Routes:
    """ASGI application over a list of routes; the first that fits serves."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        served = [(route, serving(route.endpoint)) for route in routes]
        patterned = {route.path for route in routes if route.param_convertors}
        self._patterned = [(route, app) for route, app in served if route.path in patterned]
        self._fixed = {
            each.path: [(route, app) for route, app in served if route.path in {*patterned, each.path}]
            for each in routes
        }
        """What a path without parameters may fit, in the order of the routes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        answer: ASGIApp | None = None
        clean = cleaned(scope["path"])
        if clean != scope["path"]:
            query = scope["query_string"].decode("latin-1")
            # Unescaped, `/\evil.example` would be another host to a browser, and `?` or `#` would end the path.
            place = quote(clean, safe=UNESCAPED)
            answer = redirect(request, f"{place}?{query}" if query else place, TEMPORARY)
        else:
            answer = self._found({**scope, "path": _routed_path(scope)}, scope)
        await answer(scope, receive, send)

    def _found(self, asked: Scope, scope: Scope) -> ASGIApp:
        allowed: set[str] = set()
        for route, app in self._fixed.get(asked["path"], self._patterned):
            match, found = route.matches(asked)
            if match is Match.FULL:
                scope.update(found)
                scope[ROUTE] = route.path
                return app
            if match is Match.PARTIAL:
                allowed |= route.methods or set()
        if allowed:
            return text_answer("Method Not Allowed", 405, {"allow": ", ".join(sorted(allowed))})
        return text_answer("404 page not found", 404)


def serving(endpoint: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    """Answers by a coroutine function. Errors are for the layers above: the framework's own watch is left out."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        answer = await endpoint(Request(scope, receive, send))
        await answer(scope, receive, send)

    return serve


def cleaned(path: str) -> str:
    """The path without empty, `.` and `..` segments; a final slash stays."""
    if "//" not in path and "/." not in path:
        return path
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if path.endswith("/") and kept else ""
    return "/" + "/".join(kept) + end


def _routed_path(scope: Scope) -> str:
    """The decoded path in which an escaped slash stays part of its segment."""
    raw = scope.get("raw_path", b"").decode("latin-1")
    if "%2f" not in raw.lower():
        path: str = scope["path"]
        return path
    return "/".join(unquote(part).replace("/", "%2F") for part in raw.split("/"))
