"""A person's schema with every extension keyword, as the tests of identities use it."""

from typing import Any

import pytest

from doorward.identities.schema import IdentitySchema

PERSON: dict[str, Any] = {
    "$id": "https://example.org/person.schema.json",
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "traits": {
            "type": "object",
            "properties": {
                "email": {
                    "type": "string",
                    "format": "email",
                    "title": "E-mail",
                    "ory.sh/kratos": {
                        "credentials": {"password": {"identifier": True}},
                        "verification": {"via": "email"},
                        "recovery": {"via": "email"},
                    },
                },
                "phone": {"type": "string", "format": "tel", "ory.sh/kratos": {"verification": {"via": "sms"}}},
                "name": {
                    "type": "object",
                    "properties": {"first": {"type": "string", "title": "First name", "maxLength": 5}},
                },
                "age": {"type": "integer", "minimum": 0},
                "news": {
                    "type": "boolean",
                    "title": "News",
                    "doorward": {"consent": {"purpose": "marketing", "version": "2", "text": "Yes, send me news."}},
                },
            },
            "required": ["email"],
            "additionalProperties": False,
        }
    },
}


@pytest.fixture
def person() -> IdentitySchema:
    return IdentitySchema("person", "file://person.json", PERSON)
