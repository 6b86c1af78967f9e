"""Who may look: three ways a console can stand (key, no key in development, closed), and the check before each page."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from doorward.observability.logging import Log
from doorward.security.tokens import is_equal
from doorward.ui.console.pages import ConsolePages
from doorward.ui.console.sign_ins import SignIn, SignIns
from doorward.ui.told import Endpoint, told_as_page
from doorward.web.problems import Problem
from doorward.web.responses import redirect

HOME = "/console/"
SIGN_IN = "/console/sign-in"


class Entry(Enum):
    """`KEY`: an administrator types an API key. `OPEN`: development without a key, as the admin API is then.
    `CLOSED`: no key is set, so that nobody is let in; the page says how to set one."""

    KEY = "key"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who may look; `sign_in` None where no key is asked for."""

    sign_in: SignIn | None = None

    @property
    def csrf(self) -> str:
        """For the forms of a page; "" where there is no sign-in that a stranger's form could use."""
        return "" if self.sign_in is None else self.sign_in.csrf

    def has_sent(self, csrf: str) -> bool:
        """Whether a form came from a page of this guest."""
        return is_equal(csrf, self.csrf)


Screen = Callable[[Request, Guest], Awaitable[Response]]


class Door:
    """Before every screen."""

    def __init__(self, entry: Entry, sign_ins: SignIns, pages: ConsolePages, cookie_name: str) -> None:
        self.entry = entry
        self._sign_ins = sign_ins
        self._pages = pages
        self._cookie_name = cookie_name
        self._log = Log("console")

    async def find_guest(self, request: Request) -> Guest | None:
        """None: has to sign in first, or cannot."""
        if self.entry is Entry.OPEN:
            return Guest()
        if self.entry is Entry.CLOSED:
            return None
        sign_in = await self._sign_ins.find(request.cookies.get(self._cookie_name))
        return None if sign_in is None else Guest(sign_in)

    def guarded(self, screen: Screen) -> Endpoint:
        """The screen for whoever may look; the sign-in page for everybody else."""

        async def let_in(request: Request) -> Response:
            guest = await self.find_guest(request)
            if guest is not None:
                return await screen(request, guest)
            is_read = request.method in ("GET", "HEAD")
            wanted = place_of(request) if is_read else HOME
            return redirect(request, SIGN_IN if wanted == HOME else f"{SIGN_IN}?next={quote(wanted, safe='/')}")

        return self.told(let_in)

    def told(self, endpoint: Endpoint) -> Endpoint:
        """Errors are shown as a page of the console."""
        return told_as_page(endpoint, self._error, self._log)

    def _error(self, problem: Problem) -> Response:
        return self._pages.error(problem.status, str(problem.error.get("reason", "")))


def place_of(request: Request) -> str:
    """Path and query of what was asked for."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def safe_place(wanted: str) -> str:
    """Where to go after signing in: a place of the console, whatever the address said."""
    parts = urlsplit(wanted)
    is_ours = not parts.scheme and not parts.netloc and parts.path.startswith(HOME) and "\\" not in wanted
    is_door = parts.path.startswith(SIGN_IN) or ".." in parts.path
    return wanted if is_ours and not is_door and wanted.isascii() and wanted.isprintable() else HOME


def is_from_here(request: Request) -> bool:
    """Whether a form was sent by a page of this server, as far as the browser tells (Fetch Metadata, Origin)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
