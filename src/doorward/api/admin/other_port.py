"""Requests for the public API that reached the admin port: sent on to the public address, as Kratos does."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.web.responses import redirect
from doorward.web.routing import ALL_METHODS, TEMPORARY

ADMIN = "/admin"
ELSEWHERE = ("/self-service/{rest:path}", "/sessions/whoami", "/schemas", "/schemas/{id}")


class PublicElsewhere:
    """307 to the public port."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url.rstrip("/")

    def routes(self) -> list[Route]:
        return [
            Route(prefix + path, self.send_on, methods=ALL_METHODS, include_in_schema=False)
            for path in ELSEWHERE
            for prefix in ("", ADMIN)
        ]

    async def send_on(self, request: Request) -> Response:
        """To the same path without `/admin`, query included."""
        path, query = request.url.path.removeprefix(ADMIN), request.url.query
        return redirect(request, f"{self._public_url}{path}" + (f"?{query}" if query else ""), TEMPORARY)
