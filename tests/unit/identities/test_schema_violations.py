"""What Kratos says of traits that do not fit: choices, names, dependencies, whole numbers, the order of types."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.errors import Misconfigured
from doorward.identities.schema import IdentitySchema
from doorward.identities.schema_strictness import KEYWORD, made_strict


def schema_of(properties: dict[str, Any], **more: Any) -> IdentitySchema:
    traits = {"type": "object", "properties": properties, **more}
    return IdentitySchema("s", "", {"type": "object", "properties": {"traits": traits}})


def found(schema: IdentitySchema, traits: Any) -> list[tuple[Any, str]]:
    return [(violation.pointer, violation.keyword) for violation in schema.validate(traits)]


@pytest.mark.parametrize("value", [3.0, 1e3, -0.0])
def test_a_whole_number_is_written_without_a_fraction(value: float) -> None:
    schema = schema_of(
        {"age": {"type": "integer"}, "height": {"type": "number"}, "both": {"type": ["number", "integer"]}}
    )
    assert found(schema, {"age": value, "height": value, "both": value}) == [(("age",), "type")]
    assert schema.validate({"age": value})[0].params == {"types": ["integer"], "instance_type": "number"}
    assert not schema.validate({"age": int(value)})


def test_of_choices_each_tells_what_it_has_against_the_value() -> None:
    schema = schema_of({"x": {"oneOf": [{"type": "string", "maxLength": 3}, {"type": "integer"}]}})
    assert found(schema, {"x": "long"}) == [(("x",), "maxLength"), (("x",), "type")]
    assert all(violation.is_choice for violation in schema.validate({"x": "long"}))


def test_more_than_one_choice_that_fits_is_told_of_the_value() -> None:
    schema = schema_of({"x": {"oneOf": [{"type": "string"}, {"maxLength": 9}]}})
    assert found(schema, {"x": "text"}) == [(("x",), "oneOf")]


def test_a_name_that_does_not_fit_is_told_at_its_field() -> None:
    schema = schema_of({"x": {"type": "object", "propertyNames": {"pattern": "^[a-z]+$"}}})
    assert found(schema, {"x": {"A": 1}}) == [(("x", "A"), "pattern")]


def test_a_dependency_is_told_of_the_object_and_a_condition_of_the_field() -> None:
    schema = schema_of(
        {},
        dependencies={"handle": ["age"]},
        **{"if": {"required": ["plan"]}, "then": {"required": ["kind"]}},
    )
    assert sorted(found(schema, {"handle": 1, "plan": 1})) == [((), "dependencies"), (("kind",), "required")]


def test_types_are_told_in_the_order_of_the_schema() -> None:
    schema = schema_of({"x": {"type": ["string", "null"]}})
    assert schema.validate({"x": 5})[0].params["types"] == ["string", "null"]


def test_what_a_form_shows_of_choices_and_of_several_types() -> None:
    schema = schema_of(
        {
            "either": {"title": "Either", "oneOf": [{"type": "string"}, {"type": "integer", "title": "Number"}]},
            "not_root": {"type": "string", "title": "Not root", "not": {"const": "root"}},
            "maybe": {"type": ["string", "null"], "title": "Maybe"},
            "scores": {"type": "array", "items": {"type": "number"}},
            "free": {"type": "object"},
        }
    )
    shown = [(field.path, field.type, field.title, field.form_type) for field in schema.form_fields()]
    assert shown == [
        (("either",), "integer", "Number", "integer"),
        (("not_root",), "string", None, "string"),
        (("scores",), "array", None, "array:number"),
        (("free",), "object", None, "json"),
    ]


def test_a_schema_that_contains_itself_has_no_form() -> None:
    place = {"type": "object", "properties": {"city": {"type": "string"}, "within": {"$ref": "#/definitions/place"}}}
    traits = {"type": "object", "properties": {"home": {"$ref": "#/definitions/place"}}}
    schema = IdentitySchema("s", "", {"definitions": {"place": place}, "properties": {"traits": traits}})
    assert not schema.validate({"home": {"within": {"within": {"city": "Ulm"}}}})
    with pytest.raises(Misconfigured):
        schema.form_fields()


def test_a_reference_used_twice_is_no_circle() -> None:
    place = {"type": "object", "properties": {"city": {"type": "string"}}}
    properties = {"home": {"$ref": "#/definitions/place"}, "work": {"$ref": "#/definitions/place"}}
    schema = IdentitySchema(
        "s", "", {"definitions": {"place": place}, "properties": {"traits": {"properties": properties}}}
    )
    assert [field.path for field in schema.form_fields()] == [("home", "city"), ("work", "city")]


@given(st.recursive(st.none() | st.text(max_size=3), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_data_in_a_schema_is_no_schema(data: Any) -> None:
    strict = made_strict({"type": "integer", "const": {"type": "integer", "x": data}})
    assert strict == {"type": "integer", "const": {"type": "integer", "x": data}, KEYWORD: True}
