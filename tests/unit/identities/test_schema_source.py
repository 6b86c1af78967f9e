"""Schemas that refer to other documents, and the key that forbids it."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from doorward.identities.schema import BrokenSchema, SchemaRegistry
from doorward.identities.schema_source import Fetch, load_registry
from doorward.security.egress import EgressRefused

NOTHING: Mapping[str, str] = {}
TEXT = json.dumps({"type": "string"})


@dataclass(frozen=True)
class Setting:
    id: str
    url: str
    selfservice_selectable: bool = False


async def fetch_nothing(url: str) -> bytes:
    raise AssertionError(url)


async def load_referring(
    ref: str, beside: Mapping[str, str] = NOTHING, *, is_closed: bool = True, fetch: Fetch = fetch_nothing
) -> SchemaRegistry:
    traits = {"type": "object", "properties": {"name": {"$ref": ref}}}
    document = {
        "definitions": {"name": {"type": "string"}},
        "type": "object",
        "properties": {"traits": traits},
        **beside,
    }
    url = "base64://" + base64.b64encode(json.dumps(document).encode()).decode()
    return await load_registry((Setting("person", url),), "person", fetch, is_closed=is_closed)


def is_checked(registry: SchemaRegistry) -> bool:
    schema = registry.get_schema("person")
    return bool(schema.validate({"name": 1})) and not schema.validate({"name": "Ada"})


async def test_references_that_lie_elsewhere_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "name.json"
    other.write_text(TEXT)
    for ref in (other.as_uri(), "http://127.0.0.1:9/name.json", "https://127.0.0.1:9/name.json"):
        with pytest.raises(BrokenSchema, match="disallow_ref_in_identity_schemas"):
            await load_referring(ref)
    with pytest.raises(BrokenSchema, match="disallow_ref_in_identity_schemas"):
        await load_referring("name.json", {"$id": (tmp_path / "person.json").as_uri()})


async def test_references_within_are_followed() -> None:
    assert is_checked(await load_referring("#/definitions/name"))
    assert is_checked(
        await load_referring("#/definitions/name", {"$schema": "http://json-schema.org/draft-07/schema#"})
    )


async def test_references_elsewhere_are_read_by_the_guarded_way_out(tmp_path: Path) -> None:
    other = tmp_path / "name.json"
    other.write_text(TEXT)
    assert is_checked(await load_referring(other.as_uri(), is_closed=False))
    asked = []

    async def fetch(url: str) -> bytes:
        asked.append(url)
        return json.dumps({"$ref": "text.json"} if url.endswith("name.json") else {"type": "string"}).encode()

    assert is_checked(await load_referring("https://schemas.example/name.json#", is_closed=False, fetch=fetch))
    assert asked == ["https://schemas.example/name.json", "https://schemas.example/text.json"]


async def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    async def refuse(url: str) -> bytes:
        raise EgressRefused("an inner address", "private_address")

    with pytest.raises(BrokenSchema, match="nowhere"):
        await load_referring((tmp_path / "nowhere.json").as_uri(), is_closed=False)
    with pytest.raises(EgressRefused):
        await load_referring("http://169.254.169.254/latest", is_closed=False, fetch=refuse)
    with pytest.raises(BrokenSchema, match="no file:// or http"):
        await load_referring("name.json", is_closed=False)


async def test_references_have_an_end() -> None:
    async def fetch(url: str) -> bytes:
        return json.dumps({"$ref": url + "x"}).encode()

    with pytest.raises(BrokenSchema, match="more than 100"):
        await load_referring("https://schemas.example/x", is_closed=False, fetch=fetch)
