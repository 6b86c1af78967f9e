"""Who may use the admin port: no web page in a browser (by Host), and nobody without the key where one is set.

The console has a door of its own: an administrator types a key once there, and a cookie stands for it.
"""

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from doorward.errors import Forbidden, Unauthorised
from doorward.security.tokens import is_equal
from doorward.web.problems import json_problem

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
OPEN_PATHS = frozenset({"/health/alive", "/health/ready", "/admin/health/alive", "/admin/health/ready"})
CONSOLE = "/console"
BEARER = "bearer "


class HostNotAllowed(Forbidden):
    """This address is not one that the admin API answers to. Set serve.admin.base_url to the one in use."""


class AdminKeyRequired(Unauthorised):
    """The admin API needs a key: send it as Authorization: Bearer."""


class AdminGuard:
    """ASGI middleware. The Host check stops DNS rebinding: a web page that makes its own name point to loopback."""

    def __init__(self, app: ASGIApp, base_url: str, keys: Sequence[str], *, is_open: bool = False) -> None:
        """`keys`: any of them opens; none: no key is asked for. `is_open`: any Host, as the operator decided."""
        self._app = app
        self._hosts = LOOPBACK | {urlsplit(base_url).hostname or ""}
        self._keys = tuple(keys)
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if not self._is_open and _host(request) not in self._hosts:
            await json_problem(HostNotAllowed())(scope, receive, send)
        elif self._keys and not _is_consoles(scope["path"]) and not _has_key(request, self._keys):
            await json_problem(AdminKeyRequired())(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_consoles(path: str) -> bool:
    """Whether the console decides. A path that leads out of it (`/console/../admin`) is only ever redirected."""
    return path == CONSOLE or path.startswith(f"{CONSOLE}/")


def _host(request: Request) -> str:
    try:
        return urlsplit("//" + request.headers.get("host", "")).hostname or ""
    except ValueError:
        return ""


def _has_key(request: Request, keys: Iterable[str]) -> bool:
    given = request.headers.get("authorization", "")
    if given[: len(BEARER)].lower() != BEARER:
        return False
    return any(is_equal(given[len(BEARER) :].strip(), key) for key in keys)
