"""Signing in with an API key, once, and signing out."""

from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.observability.logging import Log
from doorward.ui.console.door import HOME, SIGN_IN, Door, Entry, Guest, is_from_here, safe_place
from doorward.ui.console.pages import ConsolePages
from doorward.ui.console.sign_ins import LIFETIME, SignIns
from doorward.ui.console.wrong_keys import WrongKeys
from doorward.web.body import read_limited
from doorward.web.responses import redirect

FORM_LIMIT_BYTES = 16 * 1024
WRONG = "This is none of the keys in serve.admin.api_keys. Check that all of it was pasted."


@dataclass(frozen=True, slots=True)
class ConsoleCookie:
    """Sent to the console only, unseen by scripts and by requests from other sites; `is_secure`: over https only."""

    name: str
    is_secure: bool

    def text(self, value: str, max_age_s: int) -> str:
        secure = "; Secure" if self.is_secure else ""
        return f"{self.name}={value}; Path=/console; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}"


class SignInPages:
    """/console/sign-in and /console/sign-out."""

    def __init__(
        self, door: Door, sign_ins: SignIns, wrong_keys: WrongKeys, pages: ConsolePages, cookie: ConsoleCookie
    ) -> None:
        self._door = door
        self._sign_ins = sign_ins
        self._wrong_keys = wrong_keys
        self._pages = pages
        self._cookie = cookie
        self._log = Log("console")

    def routes(self) -> list[Route]:
        return [
            Route(SIGN_IN, self._door.told(self.show), include_in_schema=False),
            Route(SIGN_IN, self._door.told(self.open), methods=["POST"], include_in_schema=False),
            Route("/console/sign-out", self._door.guarded(self.leave), methods=["POST"], include_in_schema=False),
        ]

    async def show(self, request: Request) -> Response:
        """The form; whoever is in already goes on."""
        place = safe_place(request.query_params.get("next", HOME))
        if await self._door.find_guest(request) is not None:
            return redirect(request, place)
        if self._door.entry is Entry.CLOSED:
            return self._pages.page("closed.html", "", None, 403)
        # SameSite=Strict: a link in a mail brings no cookie along, although its reader may be signed in.
        is_link = request.headers.get("sec-fetch-site") == "cross-site"
        return self._form(place, is_link=is_link)

    async def open(self, request: Request) -> Response:
        """A right key becomes a cookie; wrong ones are counted."""
        if self._door.entry is not Entry.KEY or not is_from_here(request):
            return self._pages.error(403)
        address = "" if request.client is None else request.client.host
        wait_s = self._wrong_keys.wait_s(address)
        if wait_s:
            refusal = self._pages.error(429)
            refusal.headers["retry-after"] = str(wait_s)
            return refusal
        sent = await read_fields(request)
        place = safe_place(sent.get("next", HOME))
        key = sent.get("key", "").strip()
        if not self._sign_ins.is_key(key):
            self._wrong_keys.count(address)
            self._log.warning("wrong_key", address=address)
            return self._form(place, mistake=WRONG if key else "Paste a key.")
        answer = redirect(request, place)
        cookie = await self._sign_ins.begin(key)
        answer.headers["set-cookie"] = self._cookie.text(cookie, int(LIFETIME.total_seconds()))
        return answer

    async def leave(self, request: Request, guest: Guest) -> Response:
        """Ends the sign-in for every copy of its cookie."""
        sent = await read_fields(request)
        if guest.sign_in is None or not guest.has_sent(sent.get("csrf", "")):
            return self._pages.error(403)
        await self._sign_ins.end(guest.sign_in)
        answer = redirect(request, SIGN_IN)
        answer.headers["set-cookie"] = self._cookie.text("", 0)
        return answer

    def _form(self, place: str, *, mistake: str = "", is_link: bool = False) -> Response:
        status = 401 if mistake else 200
        return self._pages.page("sign_in.html", "", None, status, place=place, mistake=mistake, is_link=is_link)


async def read_fields(request: Request) -> dict[str, str]:
    """The fields of a small form; of a name given twice the first. Raises BodyTooLarge."""
    body = await read_limited(request, FORM_LIMIT_BYTES)
    given = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in given.items()}
