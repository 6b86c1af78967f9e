"""Where other sign-in services would send browsers back to: there are none, and whoever comes is told so."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.errors import NotFound
from doorward.web.error_pages import ErrorPages

CALLBACK = "/self-service/methods/oidc/callback"
OFF = "Signing in with another service is switched off."


class CallbacksApi:
    """404, on the error page for browsers."""

    def __init__(self, errors: ErrorPages) -> None:
        self._errors = errors

    def routes(self) -> list[Route]:
        return [Route(path, self.refuse, include_in_schema=False) for path in (CALLBACK, f"{CALLBACK}/{{provider}}")]

    async def refuse(self, request: Request) -> Response:
        """Whatever the query holds."""
        return await self._errors.answer(request, NotFound(OFF))
