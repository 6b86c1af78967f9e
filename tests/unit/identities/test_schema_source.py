"""Schemas that refer to other documents, and the key that forbids it."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from doorward.identities.schema import BrokenSchema, SchemaRegistry
from doorward.identities.schema_source import load_registry

TEXT = json.dumps({"type": "string"})


@dataclass(frozen=True)
class Setting:
    id: str
    url: str
    selfservice_selectable: bool = False


async def fetch_nothing(url: str) -> bytes:
    raise AssertionError(url)


async def load_referring(ref: str, **more: Any) -> SchemaRegistry:
    traits = {"type": "object", "properties": {"name": {"$ref": ref}}}
    document = {"definitions": {"name": {"type": "string"}}, "type": "object", "properties": {"traits": traits}, **more}
    url = "base64://" + base64.b64encode(json.dumps(document).encode()).decode()
    return await load_registry((Setting("person", url),), "person", fetch_nothing, is_closed=True)


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
        await load_referring("name.json", **{"$id": (tmp_path / "person.json").as_uri()})


async def test_references_within_are_followed() -> None:
    assert is_checked(await load_referring("#/definitions/name"))
    assert is_checked(
        await load_referring("#/definitions/name", **{"$schema": "http://json-schema.org/draft-07/schema#"})
    )
