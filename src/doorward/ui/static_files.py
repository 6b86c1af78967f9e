"""The pages' own files: read once, served from memory, cached by browsers until they change."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.web.responses import text_answer

TYPES: Mapping[str, str] = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
FOREVER, NEVER = "public, max-age=31536000, immutable", "no-cache"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """`version` is a hash of the content."""

    content: bytes = field(repr=False)
    media_type: str
    version: str


class StaticFiles:
    """Everything in `ui/static`."""

    def __init__(self, prefix: str = "/ui/static") -> None:
        self._prefix = prefix
        self._files = {
            item.name: _read(item.name, item.read_bytes())
            for item in files("doorward.ui").joinpath("static").iterdir()
            if item.name.rpartition(".")[2] in TYPES
        }

    def routes(self) -> list[Route]:
        return [Route(f"{self._prefix}/{{name}}", self.serve, include_in_schema=False)]

    def url(self, name: str) -> str:
        """The address of a file; it changes when the content does."""
        return f"{self._prefix}/{name}?v={self._files[name].version}"

    def size(self, name: str) -> int:
        """In bytes."""
        return len(self._files[name].content)

    async def serve(self, request: Request) -> Response:
        """One file."""
        found = self._files.get(request.path_params["name"])
        if found is None:
            return text_answer("404 page not found", 404)
        is_current = request.query_params.get("v") == found.version
        headers = {"cache-control": FOREVER if is_current else NEVER, "etag": f'"{found.version}"'}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(found.content, headers={**headers, "content-type": found.media_type})


def _read(name: str, content: bytes) -> StaticFile:
    return StaticFile(content, TYPES[name.rpartition(".")[2]], hashlib.sha256(content).hexdigest()[:16])
