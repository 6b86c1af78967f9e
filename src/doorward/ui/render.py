"""Turns a template and its values into a page with the security headers of all pages."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import Response

from doorward.ui.static_files import StaticFiles


class Pages:
    """The templates of `ui/templates`. Everything is escaped; a missing value is an error, not an empty spot."""

    def __init__(self, static: StaticFiles, headers: Mapping[str, str]) -> None:
        """`headers` as `web.page_headers` makes them."""
        self._headers = headers
        self._templates = Environment(
            loader=PackageLoader("doorward.ui"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["static_url"] = static.url

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page. `values` are what the template names."""
        body = self._templates.get_template(template).render(values)
        return Response(body, status, self._headers, "text/html; charset=utf-8")
