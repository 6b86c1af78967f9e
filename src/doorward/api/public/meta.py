"""Health for load balancers, and the API's own description."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.errors import DoorwardError
from doorward.storage.contract import Database
from doorward.web.operation import Operation, operation
from doorward.web.responses import JSON_UTF8, json_answer

READY_TIMEOUT_S = 3.0


class HealthApi:
    """Is the process there, can it work. Served on both ports."""

    def __init__(self, database: Database, prefixes: tuple[str, ...] = ("",)) -> None:
        """`prefixes`: paths before `/health`, e.g. `/admin`."""
        self._database = database
        self._prefixes = prefixes

    def routes(self) -> list[Route]:
        return [
            route
            for prefix in self._prefixes
            for route in (
                Route(f"{prefix}/health/alive", self.alive, include_in_schema=not prefix),
                Route(f"{prefix}/health/ready", self.ready, include_in_schema=not prefix),
            )
        ]

    @operation(Operation("meta", {200: '`{"status": "ok"}`'}))
    async def alive(self, _request: Request) -> Response:
        """The process answers."""
        return json_answer({"status": "ok"})

    @operation(Operation("meta", {200: '`{"status": "ok"}`', 503: '`{"errors": {"database": "…"}}`'}))
    async def ready(self, _request: Request) -> Response:
        """The process can work: its database answers, and takes writes unless the last one was refused."""
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                await self._database.require_usable()
        except TimeoutError:
            return _not_ready(f"no answer within {READY_TIMEOUT_S:.0f} s")
        except DoorwardError as error:
            return _not_ready(error.safe_text())
        return json_answer({"status": "ok"})


class DescriptionApi:
    """GET /openapi.json."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._body = orjson.dumps(document)

    def routes(self) -> list[Route]:
        return [Route("/openapi.json", self.openapi, include_in_schema=False)]

    async def openapi(self, _request: Request) -> Response:
        """The OpenAPI document of this port."""
        return Response(self._body, media_type=JSON_UTF8)


def _not_ready(reason: str) -> Response:
    return json_answer({"errors": {"database": reason}}, 503, {"retry-after": "1"})
