"""The admin port's own view of the process: version, metrics, the state of the configuration."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.web.operation import Operation, operation
from doorward.web.responses import json_answer

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
PREFIXES = ("", "/admin")

Show = Callable[[], Awaitable[bytes]]
"""Every metric as it stands now, in Prometheus's text format."""


class AdminMetaApi:
    """Endpoints that answer with and without `/admin` in front, as Kratos's do."""

    def __init__(self, version: str, config_revision: str, show_metrics: Show) -> None:
        """`config_revision` is the configuration's own name for its state, or a hash of it."""
        self._version = version
        self._config_revision = config_revision
        self._show_metrics = show_metrics

    def routes(self) -> list[Route]:
        return [
            route
            for prefix in PREFIXES
            for route in (
                Route(f"{prefix}/version", self.version, include_in_schema=not prefix),
                Route(f"{prefix}/metrics/prometheus", self.metrics, include_in_schema=not prefix),
                Route(f"{prefix}/health/config", self.config, include_in_schema=not prefix),
            )
        ]

    @operation(Operation("meta", {200: '`{"version": "…"}`'}))
    async def version(self, _request: Request) -> Response:
        """Which release runs."""
        return json_answer({"version": self._version})

    @operation(Operation("meta", {200: "Prometheus's text format."}, produces="text/plain"))
    async def metrics(self, _request: Request) -> Response:
        """Every metric of all processes of this `serve`; their names begin with `doorward_`."""
        return Response(await self._show_metrics(), media_type=METRICS_TYPE)

    @operation(Operation("meta", {200: "One line."}, produces="text/plain"))
    async def config(self, _request: Request) -> Response:
        """Which state of the configuration is in force: equal on all processes that run on the same one."""
        return Response(self._config_revision, headers={"content-type": "text/plain"})
