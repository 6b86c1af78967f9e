"""GET /self-service/errors: what went wrong, for the page that a browser was sent to."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.clock import rfc3339
from doorward.errors import DoorwardError, NotFound
from doorward.flows.errors import SecurityCsrfViolation
from doorward.flows.errors_store import FlowError, find_error
from doorward.ids import new_secret_id
from doorward.security.tokens import is_equal
from doorward.web.csrf import csrf_details, csrf_token_of
from doorward.web.operation import Operation, operation
from doorward.web.problems import problem_of
from doorward.web.responses import json_answer
from doorward.web.site import Site

STUB = "stub:500"
ZERO_TIME = "0001-01-01T00:00:00Z"


class ErrorsApi:
    """The errors that self-service endpoints stored for browsers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        return [Route("/self-service/errors", self.get_error)]

    @operation(
        Operation(
            "self-service",
            {200: "`{id, error, created_at, updated_at}`", 403: "It belongs to another browser.", 404: "Not there."},
            query={"id": "The id in the error page's address; `stub:500` gives a sample."},
        )
    )
    async def get_error(self, request: Request) -> Response:
        """The error behind an id."""
        asked = request.query_params.get("id") or request.query_params.get("error") or ""
        if asked == STUB:
            return json_answer(_stub())
        return json_answer(_body(await find_shown_error(request, self._site, asked)))


async def find_shown_error(request: Request, site: Site, error_id: str) -> FlowError:
    """The error, for the browser that met it. Raises NotFound, and SecurityCsrfViolation outside of development."""
    try:
        found = await find_error(site.database.reader, UUID(error_id))
    except ValueError:
        raise NotFound from None
    if found is None:
        raise NotFound
    is_own = not found.csrf_token or is_equal(found.csrf_token, csrf_token_of(request))
    if not is_own and not site.is_dev:
        raise SecurityCsrfViolation(None, **csrf_details(request.headers))
    return found


def _body(found: FlowError) -> dict[str, Any]:
    at = rfc3339(found.created_at)
    return {"id": str(found.id), "error": dict(found.error), "created_at": at, "updated_at": at}


def _stub() -> dict[str, Any]:
    error = {**problem_of(DoorwardError()).error, "reason": "This is a sample error for people who build error pages."}
    return {"id": str(new_secret_id()), "error": error, "created_at": ZERO_TIME, "updated_at": ZERO_TIME}
