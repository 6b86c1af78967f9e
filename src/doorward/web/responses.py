"""The two kinds of answers that everything else is made of: JSON bodies and redirects."""

import html
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

JSON_UTF8 = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
SEE_OTHER = 303


def json_answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON body. Its type carries a charset; that of errors does not, as in Kratos."""
    return Response(orjson.dumps(body), status, headers, JSON_UTF8)


def redirect(request: Request, location: str, status: int = SEE_OTHER) -> Response:
    """A redirect; a GET gets a link to click as well (RFC 9110 15.4.4)."""
    headers = {"location": _safe(location)}
    if request.method not in ("GET", "HEAD"):
        return Response(status_code=status, headers=headers)
    phrase = HTTPStatus(status).phrase
    link = f'<a href="{html.escape(location)}">{phrase}</a>.\n\n'
    return Response(link, status, headers, "text/html; charset=utf-8")


def text_answer(text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Plain text, for people with curl and for what no API describes."""
    return Response(text + "\n", status, headers, TEXT)


def _safe(location: str) -> str:
    """A header takes printable ASCII: anything else could end it, or is refused by the server."""
    return "".join(char if "!" <= char <= "~" else _escaped(char) for char in location)


def _escaped(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "replace"))
