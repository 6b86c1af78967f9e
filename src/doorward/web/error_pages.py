"""Errors for browsers: stored under an id that the error page asks for, so that no address bar holds them."""

from starlette.requests import Request
from starlette.responses import Response

from doorward.clock import Clock
from doorward.errors import DoorwardError, NotFound
from doorward.flows.errors import LoginElsewhereRequired, SecurityCsrfViolation, SessionMissing
from doorward.flows.errors_store import FlowError, find_error, keep_error
from doorward.flows.return_to import with_query
from doorward.ids import uuid_from
from doorward.security.tokens import is_equal
from doorward.storage.contract import Database, Transaction
from doorward.web.csrf import csrf_details, csrf_token_of
from doorward.web.negotiate import is_json_client
from doorward.web.problems import json_problem, problem_of
from doorward.web.responses import redirect
from doorward.web.site import Site

FOUND = 302


class ErrorPages:
    """Answers errors of self-service endpoints in the way that the client can show."""

    def __init__(self, database: Database, clock: Clock, page_url: str) -> None:
        self._database = database
        self._clock = clock
        self._page_url = page_url

    async def answer(self, request: Request, error: DoorwardError, *, as_json: bool | None = None) -> Response:
        """JSON with the error's status, or 303 to the error page. `as_json` None: as the client wants it.

        When the error cannot be stored (the database is away) a browser gets the JSON, too: better than nothing.
        """
        error = _with_details(request, error)
        wants_json = is_json_client(request.headers) if as_json is None else as_json
        if wants_json:
            return json_problem(error)
        if isinstance(error, LoginElsewhereRequired):
            return redirect(request, error.redirect_browser_to)
        if isinstance(error, SessionMissing) and error.sign_in_url:
            return redirect(request, error.sign_in_url, FOUND)
        kept = dict(problem_of(error).error)
        if details := {name: value for name, value in kept.get("details", {}).items() if name != "reject_reason"}:
            kept["details"] = details
        token, now = csrf_token_of(request), self._clock.now()

        async def write(tx: Transaction) -> str:
            return str(await keep_error(tx, kept, token, now))

        try:
            error_id = await self._database.transaction(write)
        except DoorwardError:
            return json_problem(error)
        return redirect(request, with_query(self._page_url, id=error_id))


async def find_shown_error(request: Request, site: Site, error_id: str) -> FlowError:
    """The error, for the browser that met it. Raises NotFound, and SecurityCsrfViolation outside of development."""
    try:
        found = await find_error(site.database.reader, uuid_from(error_id))
    except ValueError:
        raise NotFound from None
    if found is None:
        raise NotFound
    is_own = not found.csrf_token or is_equal(found.csrf_token, csrf_token_of(request))
    if not is_own and not site.is_dev:
        raise SecurityCsrfViolation(None, **csrf_details(request.headers))
    return found


def _with_details(request: Request, error: DoorwardError) -> DoorwardError:
    if not isinstance(error, SecurityCsrfViolation) or error.details:
        return error
    details = csrf_details(request.headers)
    if request.method == "GET" and request.headers.get("cookie"):
        # Somebody else's form: Kratos gives no reason there.
        del details["reject_reason"]
    return SecurityCsrfViolation(error.reason, error.csrf_cookie, **details)
