"""Requests for the admin API that reached the public port: sent on to the admin address, as Kratos does.

Nothing is answered here: the admin port decides who may.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.web.responses import redirect
from doorward.web.routing import TEMPORARY

ADMIN = "/admin"
ELSEWHERE = (
    ("/identities", ("GET", "POST")),
    ("/identities/{id}", ("GET", "PUT", "PATCH", "DELETE")),
    ("/identities/{id}/credentials/{type}", ("DELETE",)),
    ("/identities/{id}/sessions", ("DELETE",)),
    ("/recovery/code", ("POST",)),
    ("/recovery/link", ("POST",)),
)


class AdminElsewhere:
    """307 to the admin port."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url.rstrip("/")

    def routes(self) -> list[Route]:
        paths = [(prefix + path, methods) for path, methods in ELSEWHERE for prefix in ("", ADMIN)]
        paths += [(f"{ADMIN}/courier/messages{rest}", ("GET",)) for rest in ("", "/{id}")]
        return [Route(path, self.send_on, methods=methods, include_in_schema=False) for path, methods in paths]

    async def send_on(self, request: Request) -> Response:
        """To the same path with `/admin`, query included."""
        path, query = request.url.path, request.url.query
        full = path if path.startswith(ADMIN) else ADMIN + path
        return redirect(request, f"{self._admin_url}{full}" + (f"?{query}" if query else ""), TEMPORARY)
