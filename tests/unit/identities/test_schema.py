import pytest

from doorward.identities.schema import BrokenSchema, IdentitySchema, SchemaRegistry, UnknownSchema, schema_url


def test_fields_come_in_schema_order_with_their_form_names(person: IdentitySchema) -> None:
    assert [field.name for field in person.fields] == [
        "traits.email",
        "traits.phone",
        "traits.name.first",
        "traits.age",
        "traits.news",
    ]
    assert [field.required for field in person.fields] == [True, False, False, False, False]


def test_a_consent_keeps_its_exact_sentence(person: IdentitySchema) -> None:
    (consent,) = person.consents
    assert (consent.purpose, consent.version, consent.text, consent.path) == (
        "marketing",
        "2",
        "Yes, send me news.",
        ("news",),
    )


@pytest.mark.parametrize(
    ("traits", "pointer", "keyword"),
    [
        ({}, ("email",), "required"),
        ({"email": "nonsense"}, ("email",), "format"),
        ({"email": "a@example.org", "age": -1}, ("age",), "minimum"),
        ({"email": "a@example.org", "age": "many"}, ("age",), "type"),
        ({"email": "a@example.org", "name": {"first": "Lovelace"}}, ("name", "first"), "maxLength"),
        ({"email": "a@example.org", "other": 1}, (), "additionalProperties"),
        ({"email": "a@example.org", "phone": "12"}, ("phone",), "format"),
        ([], (), "type"),
    ],
)
def test_a_violation_names_its_place_and_its_rule(
    person: IdentitySchema, traits: object, pointer: tuple[str, ...], keyword: str
) -> None:
    assert (pointer, keyword) in [(violation.pointer, violation.keyword) for violation in person.validate(traits)]


def test_every_violation_is_reported_at_once(person: IdentitySchema) -> None:
    found = {violation.pointer for violation in person.validate({"age": -1, "news": "yes"})}
    assert found == {("email",), ("age",), ("news",)}


def test_identifiers_and_addresses_are_derived_in_one_spelling(person: IdentitySchema) -> None:
    traits = {"email": " Ada@Example.ORG ", "phone": "+49 (0)30 123456"}
    assert person.identifiers(traits, "password") == ("ada@example.org",)
    assert person.addresses(traits, "verification") == (("email", "ada@example.org"), ("sms", "+4930123456"))
    assert person.addresses(traits, "recovery") == (("email", "ada@example.org"),)


def test_references_are_followed_and_a_circle_ends() -> None:
    schema = IdentitySchema(
        "referring",
        "",
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "definitions": {
                "node": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "next": {"$ref": "#/definitions/node"}},
                }
            },
            "type": "object",
            "properties": {"traits": {"type": "object", "properties": {"root": {"$ref": "#/definitions/node"}}}},
        },
    )
    assert [field.name for field in schema.fields] == ["traits.root.name"]


def test_a_schema_without_traits_is_refused_by_name() -> None:
    with pytest.raises(BrokenSchema, match="'empty'"):
        IdentitySchema("empty", "", {"type": "object"})


def test_the_registry_refuses_an_unknown_default_and_an_unknown_id(person: IdentitySchema) -> None:
    with pytest.raises(BrokenSchema, match="'nobody'"):
        SchemaRegistry([person], "nobody")
    with pytest.raises(UnknownSchema, match="other"):
        SchemaRegistry([person], "person").get_schema("other")


def test_the_public_url_of_a_schema_is_unpadded_base64() -> None:
    assert schema_url("http://127.0.0.1:4433/", "person") == "http://127.0.0.1:4433/schemas/cGVyc29u"
