"""Nodes, their order, and what is written into them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.flows.form import FormProblem, trait_values, with_problems, with_values
from doorward.flows.model import Node, Ui
from doorward.flows.nodes import csrf_node, input_node, submit_node, trait_node
from doorward.flows.ordering import sort_registration
from doorward.flows.render import read_ui, ui_json
from doorward.flows.violations import problems_of
from doorward.flows.words_en import ENGLISH
from doorward.identities.schema import IdentitySchema

TRAITS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "email": {"type": "string", "format": "email", "title": "E-mail", "minLength": 5, "maxLength": 9},
        "home": {"type": "string", "format": "uri", "pattern": "^https:"},
        "age": {"type": "integer", "minimum": 0, "maximum": 9, "multipleOf": 3},
        "news": {"type": "boolean", "title": "News", "doorward": {"consent": {"purpose": "m", "text": "Yes, mail."}}},
        "plan": {"enum": ["free", "team"]},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2, "uniqueItems": True},
        "a.b": {"type": "object", "properties": {"c": {"const": 1}}},
    },
    "required": ["email"],
    "additionalProperties": False,
}
SCHEMA = IdentitySchema("s", "file://s", {"type": "object", "properties": {"traits": TRAITS}})
FIELDS = {field.name: field for field in SCHEMA.fields}


def test_a_trait_becomes_the_input_that_html_has_for_it() -> None:
    email = trait_node(FIELDS["traits.email"], ENGLISH)
    assert email.attributes == {
        "name": "traits.email",
        "type": "email",
        "disabled": False,
        "required": True,
        "autocomplete": "email",
    }
    kinds = {name: trait_node(field, ENGLISH).attributes["type"] for name, field in FIELDS.items()}
    assert kinds == {
        "traits.email": "email",
        "traits.home": "url",
        "traits.age": "number",
        "traits.news": "checkbox",
        "traits.plan": "text",
        "traits.tags": "text",
        "traits.a\\.b.c": "text",
    }


def test_a_consent_is_labelled_with_what_is_agreed_to() -> None:
    label = trait_node(FIELDS["traits.news"], ENGLISH).label
    assert label is not None
    assert label.text == "Yes, mail."
    assert trait_node(FIELDS["traits.home"], ENGLISH).label is None


def test_order_is_csrf_first_trait_password_traits_buttons() -> None:
    button = ENGLISH.say(1040001)
    nodes = [
        submit_node("method", "password", "password", button),
        input_node("password", "password", "password"),
        submit_node("screen", "previous", "profile", button),
        input_node("strange", "text", "default"),
        input_node("provider", "submit", "oidc"),
        *[trait_node(field, ENGLISH) for field in SCHEMA.fields],
        csrf_node(),
    ]
    names = [node.name for node in sort_registration(nodes, list(FIELDS))]
    traits = list(FIELDS)
    assert names == [
        "csrf_token",
        traits[0],
        "password",
        *traits[1:],
        "provider",
        "strange",
        "method",
        "screen",
    ]


WRONG: list[tuple[dict[str, Any], dict[str, list[int]]]] = [
    ({}, {"traits.email": [4000002]}),
    ({"email": "a-b"}, {"traits.email": [4000003, 4000040]}),
    ({"email": "a@b.example.org"}, {"traits.email": [4000017]}),
    ({"email": "a@b.org", "home": "ftp://x"}, {"traits.home": [4000004]}),
    ({"email": "a@b.org", "age": -2}, {"traits.age": [4000018, 4000022]}),
    ({"email": "a@b.org", "age": 12}, {"traits.age": [4000020]}),
    ({"email": "a@b.org", "age": "x"}, {"traits.age": [4000026]}),
    ({"email": "a@b.org", "plan": "gold"}, {"traits.plan": [4000001]}),
    ({"email": "a@b.org", "tags": []}, {"traits.tags": [4000024]}),
    ({"email": "a@b.org", "tags": ["a", "a"]}, {"traits.tags": [4000025]}),
    ({"email": "a@b.org", "tags": ["a", "b", 3]}, {"traits.tags": [4000023], "traits.tags.2": [4000026]}),
    ({"email": "a@b.org", "a.b": {"c": 2}}, {"traits.a\\.b.c": [4000029]}),
    ({"email": "a@b.org", "more": 1}, {"traits": [4000001]}),
]


@pytest.mark.parametrize(("traits", "expected"), WRONG)
def test_every_violation_has_its_place_and_id(traits: dict[str, Any], expected: dict[str, list[int]]) -> None:
    found: dict[str, list[int]] = {}
    for problem in problems_of(SCHEMA.validate(traits), traits, ENGLISH):
        found.setdefault(str(problem.node), []).append(problem.message.id)
    assert {name: sorted(ids) for name, ids in found.items()} == expected


def test_messages_go_to_their_nodes_and_replace_the_old() -> None:
    ui = Ui("/", (input_node("a", "text", "default"), input_node("b", "text", "default")))
    wrong, general = ENGLISH.say(4000031), ENGLISH.say(4000007)
    marked = with_problems(ui, [FormProblem("b", wrong), FormProblem(None, general), FormProblem("c", wrong)])
    assert [(node.name, node.messages) for node in marked.nodes] == [("a", ()), ("b", (wrong,)), ("c", (wrong,))]
    assert marked.messages == (general,)
    assert with_problems(marked, []).messages == ()
    assert all(not node.messages for node in with_problems(marked, []).nodes)


def test_values_without_a_field_are_left_out() -> None:
    ui = with_values(Ui("/", (input_node("traits.a", "text", "default"),)), {"traits.a": "1", "traits.b": "2"})
    assert [node.attributes.get("value") for node in ui.nodes] == ["1"]


def test_only_scalars_fit_into_fields() -> None:
    traits = {"a": 1, "b": {"c": True, "d": None}, "e": ["x"], "f.g": "y"}
    assert trait_values(traits) == {"traits.a": 1, "traits.b.c": True, "traits.f\\.g": "y"}


SCALARS = st.one_of(st.text(max_size=8), st.integers(), st.booleans())


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), SCALARS, max_size=4), st.booleans())
def test_a_form_survives_the_database(attributes: dict[str, Any], has_label: bool) -> None:
    label = ENGLISH.say(1070002, {"title": "T", "name": "n"}) if has_label else None
    node = Node("input", "default", {"name": "traits.x", **attributes}, label, (ENGLISH.say(4000007),))
    ui = Ui("https://a.example", (node,), (ENGLISH.say(4000002, {"property": "x"}),))
    assert read_ui(ui_json(ui)) == ui
