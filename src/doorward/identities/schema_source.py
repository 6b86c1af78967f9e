"""Loads identity schemas from `file://`, `base64://` and, through a given fetcher, `http(s)://`."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import orjson

from doorward.identities.references import References
from doorward.identities.schema import BrokenSchema, IdentitySchema, SchemaRegistry

Fetch = Callable[[str], Awaitable[bytes]]
"""Gets a URL's body through the guarded way out; raises a DoorwardError."""

REFERABLE = ("file://", "http://", "https://")
ROUNDS_MAX = 100
"""A document that is missed ends a try, so this is how many may be referred to."""


class SchemaSetting(Protocol):
    """What the configuration says of one schema."""

    @property
    def id(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def selfservice_selectable(self) -> bool: ...


async def load_registry(
    settings: tuple[SchemaSetting, ...], default_id: str, fetch: Fetch, *, is_closed: bool = False
) -> SchemaRegistry:
    """Reads and compiles every schema. Raises BrokenSchema naming the schema and what is wrong with it.

    `is_closed`: none may refer to a file or to the web (`security.disallow_ref_in_identity_schemas`).
    """
    schemas = [await _load(item, fetch, is_closed=is_closed) for item in settings]
    return SchemaRegistry(schemas, default_id)


async def _load(item: SchemaSetting, fetch: Fetch, *, is_closed: bool) -> IdentitySchema:
    async def read(uri: str) -> dict[str, Any]:
        if not uri.startswith(REFERABLE):
            raise BrokenSchema(
                f"The identity schema {item.id!r} refers to {uri[:200]}, which is no file:// or http(s)://."
            )
        return await read_document(item.id, uri, fetch)

    document = await read_document(item.id, item.url, fetch)
    references = References(read, is_closed=is_closed)
    for _ in range(ROUNDS_MAX):
        try:
            return IdentitySchema(item.id, item.url, document, item.selfservice_selectable, retrieve=references.find)
        except BrokenSchema:
            if not await references.read_missed():
                raise
    raise BrokenSchema(f"The identity schema {item.id!r} refers to more than {ROUNDS_MAX} other documents.")


async def read_document(schema_id: str, url: str, fetch: Fetch) -> dict[str, Any]:
    """The JSON object behind a schema URL. A relative file path is taken from the working directory, as Kratos does."""
    try:
        document = orjson.loads(await _read(url, fetch))
    except (OSError, binascii.Error, orjson.JSONDecodeError) as error:
        raise BrokenSchema(f"The identity schema {schema_id!r} cannot be read from {url[:200]}: {error}") from error
    if not isinstance(document, dict):
        raise BrokenSchema(f"The identity schema {schema_id!r} is not a JSON object.")
    return document


async def _read(url: str, fetch: Fetch) -> bytes:
    scheme, _, rest = url.partition("://")
    if scheme == "base64":
        return base64.b64decode(rest)
    if scheme in ("http", "https"):
        return await fetch(url)
    # A few kilobytes, once at start: not worth a thread.
    return Path(rest if scheme == "file" else url).read_bytes()  # noqa: ASYNC240
