"""Which schema a form is made of, and how it calls the identifier."""

from typing import Any

import pytest

from doorward.flows.chosen_schema import asked_schema, chosen_schema
from doorward.flows.errors import SchemaNotSelectable
from doorward.identities.schema import IdentitySchema, SchemaRegistry

DOCUMENT: dict[str, Any] = {"properties": {"traits": {"type": "object", "properties": {}}}}
REGISTRY = SchemaRegistry(
    [
        IdentitySchema("own", "", DOCUMENT),
        IdentitySchema("free", "", DOCUMENT, True),
        IdentitySchema("no", "", DOCUMENT),
    ],
    "own",
)


@pytest.mark.parametrize(("query", "expected"), [({}, "own"), ({"identity_schema": ""}, "own")])
def test_the_default_one_where_none_is_asked_for(query: dict[str, str], expected: str) -> None:
    assert chosen_schema(REGISTRY, query).id == expected
    assert asked_schema(query) == {}


@pytest.mark.parametrize("asked", ["own", "free"])
def test_the_one_that_may_be_chosen(asked: str) -> None:
    assert chosen_schema(REGISTRY, {"identity_schema": asked}).id == asked
    assert asked_schema({"identity_schema": asked}) == {"identity_schema": asked}


@pytest.mark.parametrize("asked", ["no", "nothing", "OWN"])
def test_others_may_not_be_chosen(asked: str) -> None:
    with pytest.raises(SchemaNotSelectable):
        chosen_schema(REGISTRY, {"identity_schema": asked})
