"""Identity schemas: JSON Schema with extension keywords.

Validates traits and derives identifiers and addresses from them.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jsonschema_rs

from doorward.errors import InvalidInput, Misconfigured
from doorward.identities.normalise import is_email, is_phone, normalise_address, normalise_identifier
from doorward.identities.schema_fields import (
    ConsentField,
    TraitField,
    has_circle,
    read_fields,
    read_transient_consents,
)
from doorward.identities.schema_strictness import KEYWORD, WholeNumber, made_strict
from doorward.identities.schema_violations import Violation, violations_of


class UnknownSchema(InvalidInput):
    """No identity schema has this id."""


class BrokenSchema(Misconfigured):
    """An identity schema cannot be used."""


class InvalidTraits(InvalidInput):
    """The traits do not fit the identity schema."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        places = ", ".join(".".join(map(str, v.pointer)) or "traits" for v in violations)
        super().__init__(f"Check: {places}.", paths=places)


class IdentitySchema:
    """One compiled schema."""

    def __init__(
        self,
        id_: str,
        url: str,
        document: Mapping[str, Any],
        is_selectable: bool = False,
        *,
        retrieve: Callable[[str], Any] | None = None,
    ) -> None:
        """Raises BrokenSchema when the document is no JSON Schema with an object `properties.traits`.

        `retrieve` gets the other documents that it refers to; it raises ValueError. None: there are none.
        """
        self.id = id_
        self.url = url
        self.document = document
        self.is_selectable = is_selectable
        traits = (
            document.get("properties", {}).get("traits") if isinstance(document.get("properties"), Mapping) else None
        )
        if not isinstance(traits, Mapping):
            raise BrokenSchema(f"The identity schema {id_!r} has no object at properties.traits.")
        self.fields: tuple[TraitField, ...] = read_fields(document)
        self.transient_consents = read_transient_consents(document)
        self.consents: tuple[ConsentField, ...] = (
            *(field.consent for field in self.fields if field.consent),
            *self.transient_consents,
        )
        self._has_circle = has_circle(document)
        self._validator = _compile(id_, document, retrieve)

    def form_fields(self) -> tuple[TraitField, ...]:
        """The fields that a form shows. Raises Misconfigured for a schema that contains itself: its form has no end."""
        if self._has_circle:
            raise Misconfigured(f"The identity schema {self.id!r} contains itself: no form can be made of it.")
        return tuple(each for each in self.fields if each.is_shown)

    def validate(self, traits: Any) -> list[Violation]:
        """Everything wrong with the traits, in the schema's order of checks; empty when they fit."""
        return [
            violation
            for error in self._validator.iter_errors({"traits": traits})
            for violation in violations_of(error, self.document)
        ]

    def identifiers(self, traits: Mapping[str, Any], credential: str) -> tuple[str, ...]:
        """The normalised identifiers of a credential type (`password`, `code`, …), without doubles."""
        found = [
            normalise_identifier(value)
            for field in self.fields
            if field.extension.get("credentials", {}).get(credential, {}).get("identifier")
            for value in texts_at(traits, field.path)
        ]
        return tuple(dict.fromkeys(found))

    def code_addresses(self, traits: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """(channel, address) pairs that a sign-in code may be sent to, normalised, without doubles."""
        found = [
            (via, normalise_address(value, via))
            for field in self.fields
            if (marked := field.extension.get("credentials", {}).get("code", {})) and marked.get("identifier")
            for via in [str(marked.get("via") or "email")]
            for value in texts_at(traits, field.path)
        ]
        return tuple(dict.fromkeys(found))

    def addresses(self, traits: Mapping[str, Any], use: str) -> tuple[tuple[str, str], ...]:
        """(via, value) pairs for `use` = `verification` or `recovery`, normalised, without doubles."""
        found = [
            (via, normalise_address(value, via))
            for field in self.fields
            if (via := field.extension.get(use, {}).get("via"))
            for value in texts_at(traits, field.path)
        ]
        return tuple(dict.fromkeys(found))


class SchemaRegistry:
    """The configured schemas, by id."""

    def __init__(self, schemas: Sequence[IdentitySchema], default_id: str) -> None:
        self.default_id = default_id
        self._schemas = {schema.id: schema for schema in schemas}
        if default_id not in self._schemas:
            raise BrokenSchema(f"identity.default_schema_id is {default_id!r}, but no schema has this id.")

    def get_schema(self, schema_id: str) -> IdentitySchema:
        """Raises UnknownSchema."""
        schema = self._schemas.get(schema_id)
        if schema is None:
            raise UnknownSchema(f"Unable to find JSON Schema ID: {schema_id}")
        return schema

    def list_schemas(self) -> tuple[IdentitySchema, ...]:
        return tuple(self._schemas.values())


def schema_url(base_url: str, schema_id: str) -> str:
    """Where the public API serves a schema."""
    encoded = base64.urlsafe_b64encode(schema_id.encode()).rstrip(b"=").decode()
    return f"{base_url.rstrip('/')}/schemas/{encoded}"


def value_at(traits: Any, path: Sequence[str]) -> Any:
    """The value at a path of keys, None where there is none."""
    for part in path:
        traits = traits.get(part) if isinstance(traits, Mapping) else None
    return traits


def texts_at(traits: Mapping[str, Any], path: Sequence[str]) -> list[str]:
    """The non-empty texts at a path: one, or those of a list."""
    value = value_at(traits, path)
    candidates = value if isinstance(value, list) else [value]
    return [text for text in candidates if isinstance(text, str) and text.strip()]


def _no_other(uri: str) -> Any:
    raise ValueError(f"{uri[:200]} is not read")


def _compile(id_: str, document: Mapping[str, Any], retrieve: Callable[[str], Any] | None) -> jsonschema_rs.Validator:
    formats: dict[str, Callable[[str], bool]] = {
        "email": is_email,
        "tel": is_phone,
        "no-validate": lambda _: True,
    }
    strict = made_strict(document)
    keywords: dict[str, type[jsonschema_rs.KeywordValidator]] = {KEYWORD: WholeNumber}
    # Left to itself, the compiler would read files and call the web, past the guard on what goes out.
    retriever = retrieve or _no_other
    try:
        if "$schema" in document:
            return jsonschema_rs.validator_for(
                strict, validate_formats=True, formats=formats, keywords=keywords, retriever=retriever
            )
        return jsonschema_rs.Draft7Validator(
            strict, validate_formats=True, formats=formats, keywords=keywords, retriever=retriever
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise BrokenSchema(f"The identity schema {id_!r} is not valid JSON Schema: {error.args[0]}") from error
