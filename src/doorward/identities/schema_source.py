"""Loads identity schemas from `file://`, `base64://` and, through a given fetcher, `http(s)://`."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import orjson

from doorward.identities.schema import BrokenSchema, IdentitySchema, SchemaRegistry

Fetch = Callable[[str], Awaitable[bytes]]
"""Gets a URL's body through the guarded way out; raises a DoorwardError."""


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
    retrieve = stay_within if is_closed else None
    schemas = [
        IdentitySchema(
            item.id,
            item.url,
            await read_document(item.id, item.url, fetch),
            item.selfservice_selectable,
            retrieve=retrieve,
        )
        for item in settings
    ]
    return SchemaRegistry(schemas, default_id)


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


def stay_within(uri: str) -> Any:
    """Raises ValueError for every reference that leads out of its schema: whoever writes one would have this server
    read its files and call addresses within its network."""
    raise ValueError(f"security.disallow_ref_in_identity_schemas forbids to read {uri[:200]}")
