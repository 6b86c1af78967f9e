"""From nodes to what is drawn: every kind of node, messages, and what must not reach the page."""

from typing import Any

import pytest

from doorward.ui.form import form_view
from doorward.ui.pieces import samples


def node(name: str, kind: str = "text", label: str = "", group: str = "default", **attributes: Any) -> dict[str, Any]:
    meta = {"label": {"id": 1070002, "type": "info", "text": label}} if label else {}
    inner = {"name": name, "type": kind, "disabled": False, "node_type": "input", **attributes}
    return {"type": "input", "group": group, "attributes": inner, "messages": [], "meta": meta}


def message(text: str, kind: str = "error", message_id: int = 4000002) -> dict[str, Any]:
    return {"id": message_id, "type": kind, "text": text}


def ui(*nodes: dict[str, Any], messages: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"action": "/submit", "method": "POST", "nodes": list(nodes), "messages": list(messages)}


def test_persons_read_downwards_whatever_the_order_of_methods() -> None:
    view = form_view(
        ui(
            node("method", "submit", value="password", group="password"),
            node("traits.news", "checkbox"),
            node("password", "password"),
            node("csrf_token", "hidden", value="t"),
            node("traits.email", "email"),
        )
    )
    assert [each.name for each in view.fields] == ["traits.email", "password"]
    assert [each.name for each in view.checkboxes] == ["traits.news"]
    assert view.hidden == (("csrf_token", "t"),)
    assert [each.label for each in view.buttons] == ["Create account"]


def test_a_password_is_never_sent_back() -> None:
    assert form_view(ui(node("password", "password", value="hunter2"))).fields[0].value == ""


@pytest.mark.parametrize(("value", "is_checked"), [(True, True), (False, False), ("true", False), (None, False)])
def test_a_box_is_ticked_only_by_a_yes(value: object, is_checked: bool) -> None:
    assert form_view(ui(node("traits.news", "checkbox", value=value))).checkboxes[0].is_checked is is_checked


def test_hidden_switches_keep_their_form() -> None:
    assert form_view(ui(node("traits.news", "hidden", value=True))).hidden == (("traits.news", "true"),)


def test_the_summary_leads_to_the_fields() -> None:
    email = node("traits.email", "email", "E-mail")
    email["messages"] = [message("Please fill in this field.")]
    view = form_view(ui(email, messages=(message("Check the form."), message("Saved.", "success"))))
    assert view.mistakes == (
        ("", "", "Check the form."),
        ("field-traits-email", "E-mail", "Please fill in this field."),
    )
    assert view.fields[0].described_by == "field-traits-email-notes"


def test_hints_and_messages_are_both_told_to_screen_readers() -> None:
    field = node("password", "password")
    field["messages"] = [message("Too short.")]
    drawn = form_view(ui(field), {"password": "At least 8 characters."}).fields[0]
    assert drawn.described_by == "field-password-hint field-password-notes"


@pytest.mark.parametrize(
    ("name", "told", "autocomplete"),
    [
        ("traits.email", {"autocomplete": "email"}, "email"),
        ("traits.name.first", {}, "given-name"),
        ("traits.name.last", {}, "family-name"),
        ("traits.favourite", {}, ""),
    ],
)
def test_browsers_are_told_what_they_may_fill_in(name: str, told: dict[str, str], autocomplete: str) -> None:
    assert form_view(ui(node(name, **told))).fields[0].autocomplete == autocomplete


def test_a_field_without_a_label_is_called_by_its_name() -> None:
    assert form_view(ui(node("traits.home_town"))).fields[0].label == "Home town"


def test_one_button_leads_onwards_and_back_is_not_it() -> None:
    view = form_view(
        ui(
            node("screen", "submit", value="previous", label="Previous", group="profile"),
            node("method", "submit", value="password", group="password"),
            node("provider", "submit", value="google", label="Sign up with Google", group="oidc"),
        )
    )
    assert [(each.label, each.is_primary) for each in view.buttons] == [
        ("Create account", True),
        ("Back", False),
        ("Sign up with Google", False),
    ]


def test_a_button_that_a_repeated_step_brings_again_is_shown_once() -> None:
    again = node("method", "submit", value="password", group="password")
    assert len(form_view(ui(again, node("password", "password"), again)).buttons) == 1


def test_the_second_step_tells_whose_form_it_is() -> None:
    assert form_view(ui(node("traits.email", "hidden", value="ada@example.org"))).account == "ada@example.org"
    assert form_view(ui(node("traits.email", "hidden", value=""))).account == ""


def test_a_choice_of_one_is_not_announced() -> None:
    assert form_view(ui(messages=(message("Choose.", "info", 1040009),))).notes == ()


def test_the_sample_page_has_every_kind_of_piece() -> None:
    views = [view for _, view in samples()]
    kinds = {field.type for view in views for field in (*view.fields, *view.checkboxes)}
    assert {"text", "email", "number", "date", "password", "checkbox"} <= kinds
    assert {part.kind for view in views for part in view.parts} == {"text", "img", "a"}
    assert any(view.mistakes for view in views)
