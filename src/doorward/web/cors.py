"""Cross-origin requests of the public port: who may call from another site, as `serve.public.cors` says."""

import re
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorward.actions.context import canonical
from doorward.config.model_serve import CorsConfig
from doorward.web.headers import add_header

PREFLIGHT_VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
ELEMENT = re.compile(r"[ \t]?([^ \t]*)[ \t]?")
EMPTY_ELEMENTS = 16
"""As many elements of a list of headers may be empty (RFC 9110, 5.6.1.2: a reasonable number)."""
METHODS, HEADERS = ("GET", "POST", "HEAD"), ("Accept", "Content-Type", "X-Requested-With")
"""Allowed where the configuration has an empty list."""
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
NOBODY = re.compile(r"(?!)")


class Cors:
    """ASGI middleware. A refused preflight is 204 without permission; a refused request is served without it.

    The browser, not the server, keeps the answer from the page: that is how CORS works (fetch standard, 3.2).
    """

    def __init__(self, app: ASGIApp, config: CorsConfig, *, is_any_star_honoured: bool = False) -> None:
        self._app = app
        self._config = config
        self._origins = [
            _pattern(origin, is_any_star_honoured=is_any_star_honoured) for origin in config.allowed_origins
        ]
        self._methods = frozenset(config.allowed_methods or METHODS)
        self._headers = frozenset(header.lower() for header in config.allowed_headers or HEADERS)
        self._exposed = ", ".join(canonical_name(header) for header in config.exposed_headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._config.enabled:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        wanted = headers.get("access-control-request-method", "")
        if scope["method"] == "OPTIONS" and wanted:
            asked = headers.getlist("access-control-request-headers")
            await self._preflight(origin, wanted, asked)(scope, receive, send)
            return
        granted = self._granted(origin) if self.is_method_allowed(scope["method"]) else []

        async def send_with_permission(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = {**message, "headers": []}
                for name, value in (("vary", "Origin"), *granted):
                    add_header(answer, name, value)
                message["headers"] = [*answer["headers"], *message.get("headers", ())]
            await send(message)

        await self._app(scope, receive, send_with_permission)

    def is_origin_allowed(self, origin: str) -> bool:
        """Whether pages of this origin may call; the comparison is exact but for `*`, which is any text, also none."""
        return bool(origin) and any(pattern.fullmatch(origin) for pattern in self._origins)

    def is_method_allowed(self, method: str) -> bool:
        return method == "OPTIONS" or method in self._methods

    def are_headers_allowed(self, asked: Sequence[str]) -> bool:
        """Whether every header is allowed; browsers send the list in lower case and sorted, and nothing else counts.

        `*` among those of the configuration allows all, written in any way. Proxies may have made several lines of
        the list.
        """
        if "*" in self._headers:
            return True
        elements = [ELEMENT.fullmatch(element) for line in asked for element in line.split(",")]
        names = [found[1] for found in elements if found and found[1]]
        is_list = all(elements) and len(elements) - len(names) <= EMPTY_ELEMENTS
        return is_list and names == sorted(set(names)) and self._headers.issuperset(names)

    def _granted(self, origin: str) -> list[tuple[str, str]]:
        if not self.is_origin_allowed(origin):
            return []
        granted = [("access-control-allow-origin", origin)]
        if self._config.allow_credentials:
            granted.append(("access-control-allow-credentials", "true"))
        if self._exposed:
            granted.append(("access-control-expose-headers", self._exposed))
        return granted

    def _preflight(self, origin: str, method: str, asked: Sequence[str]) -> Response:
        answer = Response(status_code=204, headers={"vary": PREFLIGHT_VARY})
        is_allowed = self.is_method_allowed(method) and self.are_headers_allowed(asked)
        if not is_allowed or not self.is_origin_allowed(origin):
            return answer
        answer.headers["access-control-allow-origin"] = origin
        answer.headers["access-control-allow-methods"] = method
        if asked and asked[0]:
            for line in asked:
                answer.headers.append("access-control-allow-headers", line)
        if self._config.allow_credentials:
            answer.headers["access-control-allow-credentials"] = "true"
        if self._config.max_age:
            answer.headers["access-control-max-age"] = str(self._config.max_age)
        return answer


def canonical_name(header: str) -> str:
    """`x-my-header` as `X-My-Header`; what is no name of a header stays as it is."""
    return canonical(header) if TOKEN.fullmatch(header) else header


def _pattern(origin: str, *, is_any_star_honoured: bool) -> re.Pattern[str]:
    """`https://*.example.org` as a pattern. Browsers write origins in lower case."""
    if not (is_any_star_honoured or is_bounded(origin)):
        return NOBODY
    return re.compile(".*".join(re.escape(part) for part in origin.lower().split("*")))


def is_bounded(origin: str) -> bool:
    """Whether every host that fits is below one domain: anybody can have a site that fits `https://*.com`,
    `https://*example.org` or `https://www.example.*`.
    """
    before, star, after = origin.rpartition("*")
    if not star or not (before or after):
        return True
    _, _, domain = after.partition(".")
    labels = domain.partition(":")[0].split(".")
    return len(labels) > 1 and all(labels)
