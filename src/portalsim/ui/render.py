"""Templates, formats and security headers of the pages."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import Response

from portalsim.clock import from_ms

HERE = Path(__file__).parent
STATIC = HERE / "static"
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}


class Renderer:
    """Compiled templates; one per application."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["moment"] = moment
        self._environment.filters["middle"] = middle
        self._environment.filters["thousands"] = thousands

    def page(self, template: str, context: Mapping[str, Any], status: int = 200) -> Response:
        text = self._environment.get_template(template).render(context)
        return Response(text, status, HEADERS, media_type="text/html")


def moment(at_ms: int) -> str:
    """`2026-03-02 10:11:12`, UTC."""
    found: datetime = from_ms(at_ms).astimezone(UTC)
    return found.strftime("%Y-%m-%d %H:%M:%S")


def middle(text: str, length: int = 13) -> str:
    """A long identifier, shortened in the middle."""
    half = (length - 1) // 2
    return text if len(text) <= length else f"{text[:half]}…{text[-half:]}"


def thousands(number: float) -> str:
    return f"{number:,}"
