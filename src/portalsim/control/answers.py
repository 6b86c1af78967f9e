"""JSON in and out of the control API, and the guard against pages of other sites that call it from a browser."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class BadControl(Exception):
    """The control call cannot be understood; the text says why."""


def shown(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_INDENT_2), status, media_type="application/json")


def refused(text: str, status: int = 400) -> Response:
    return shown({"error": text}, status)


async def read_object(request: Request) -> Mapping[str, Any]:
    """The body as an object; nothing is an empty one. Raises BadControl."""
    raw = await request.body()
    if not raw.strip():
        return {}
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as broken:
        raise BadControl(f"broken JSON: {broken}") from None
    if not isinstance(body, dict):
        raise BadControl("the body is no JSON object")
    return body


def read_number(value: Any, default: float) -> float:
    """Raises BadControl."""
    try:
        return default if value in (None, "") else float(value)
    except (TypeError, ValueError):
        raise BadControl(f"{value!r} is no number") from None


def is_foreign(request: Request) -> bool:
    """A browser sends it for a page of another site: such a page must not reset the portal of a developer."""
    site = request.headers.get("sec-fetch-site", "none")
    return request.method not in SAFE and site not in ("none", "same-origin")
