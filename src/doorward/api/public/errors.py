"""GET /self-service/errors: what went wrong, for the page that a browser was sent to."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.clock import rfc3339
from doorward.errors import DoorwardError
from doorward.flows.errors_store import FlowError
from doorward.ids import new_secret_id
from doorward.web.error_pages import find_shown_error
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


def _body(found: FlowError) -> dict[str, Any]:
    at = rfc3339(found.created_at)
    return {"id": str(found.id), "error": dict(found.error), "created_at": at, "updated_at": at}


def _stub() -> dict[str, Any]:
    error = {**problem_of(DoorwardError()).error, "reason": "This is a sample error for people who build error pages."}
    return {"id": str(new_secret_id()), "error": error, "created_at": ZERO_TIME, "updated_at": ZERO_TIME}
