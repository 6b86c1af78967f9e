"""Where the fields of a registration form stand, as Kratos's clients expect them."""

from typing import Any

from doorward.flows.model import Node
from doorward.flows.nodes import csrf_node, input_node
from doorward.flows.ordering import sort_login, sort_registration
from doorward.flows.settings_form import sort_settings


def _field(name: str, value: Any = None) -> Node:
    given = {} if value is None else {"value": value}
    return input_node(name, "text", "default", **given)


def _sorted(*nodes: Node, traits: tuple[str, ...]) -> list[str]:
    return [node.name for node in sort_registration((*nodes, csrf_node()), traits)]


def test_a_field_that_begins_like_an_earlier_one_stands_beside_it() -> None:
    traits = ("traits.phone", "traits.city", "traits.phone_kind")
    nodes = [_field(name) for name in traits]
    assert _sorted(*nodes, traits=traits) == ["csrf_token", "traits.phone", "traits.phone_kind", "traits.city"]


def test_of_two_at_one_place_the_lesser_value_stands_first_and_none_between_figures_and_letters() -> None:
    traits = ("traits.phone",)
    three = [_field("traits.phone", "b"), _field("traits.phone.", None), _field("traits.phone.x", "1")]
    assert _sorted(*three, traits=traits) == ["csrf_token", "traits.phone.x", "traits.phone.", "traits.phone"]


def test_what_messages_brought_stands_behind_the_schemas_fields() -> None:
    nodes = [_field("traits.email", "a@b.example"), _field("traits.none"), _field("#"), _field("traits.tags")]
    nodes += [_field("traits.tags.0"), _field("traits.email.")]
    assert _sorted(*nodes, traits=("traits.email", "traits.tags")) == [
        "csrf_token",
        "traits.email.",
        "traits.email",
        "traits.tags",
        "traits.tags.0",
        "traits.none",
        "#",
    ]


def test_addresses_that_a_code_can_go_to_are_in_order() -> None:
    nodes = [input_node("address", "submit", "code", value=each) for each in ("b@x.example", "a@x.example")]
    assert [node.attributes["value"] for node in sort_login(nodes)] == ["a@x.example", "b@x.example"]


def test_settings_keep_fields_that_begin_alike_together() -> None:
    names = {"traits.phone": "b", "traits.city": None, "traits.phone_kind": "a"}
    nodes = [_field(name, value) for name, value in names.items()]
    nodes = [*nodes, input_node("method", "submit", "default"), csrf_node()]
    assert [node.name for node in sort_settings(nodes)] == [
        "traits.phone_kind",
        "traits.phone",
        "traits.city",
        "csrf_token",
        "method",
    ]
