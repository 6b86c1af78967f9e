"""/ui/pieces, in development: each piece of the pages in each state, to be looked at whenever one changes."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.ui.form import FormView, form_view
from doorward.ui.render import Pages

Node = dict[str, Any]


class PiecesPage:
    """Not routed outside of development."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def routes(self) -> list[Route]:
        return [Route("/ui/pieces", self.show, include_in_schema=False)]

    async def show(self, _request: Request) -> Response:
        """Samples; their forms lead nowhere."""
        return self._pages.page("pieces.html", forms=samples())


def samples() -> list[tuple[str, FormView]]:
    """Titles and forms."""
    return [
        ("Every kind of field", _form(_fields())),
        ("Filled in", _form(_fields(value="Ada Lovelace"))),
        ("Mistakes", _form(_fields(message="Please fill in this field."), [_message("error", "Check the form.")])),
        ("Messages", _form([], [_message("success", "Saved."), _message("info", "Choose how to go on.")])),
        ("Text, picture, link", _form(_shown_parts())),
        ("Buttons", _form([_input("method", "submit", "Create account"), _input("screen", "submit", "Back")])),
        (
            "Switched off",
            _form([_input("off", "text", "Off", disabled=True), _input("go", "submit", "Go", disabled=True)]),
        ),
    ]


def _form(nodes: Sequence[Node], messages: Sequence[Mapping[str, Any]] = ()) -> FormView:
    ui = {"action": "#", "method": "GET", "nodes": nodes, "messages": messages}
    return form_view(ui, {"password": "At least 8 characters."})


def _fields(value: str = "", message: str = "") -> list[Node]:
    filled = {"value": value} if value else {}
    nodes = [
        _input("email", "email", "E-mail", required=True, autocomplete="email", **filled),
        _input("text", "text", "A text", **filled),
        _input("age", "number", "A number"),
        _input("plan", "text", "One of several", options=[{"value": "small"}, {"value": "large"}]),
        _input("birthday", "date", "A date"),
        _input("password", "password", "Password", required=True, autocomplete="new-password"),
        _input("news", "checkbox", "Yes, send me news by e-mail. I can stop this at any time.", value=bool(value)),
        _input("method", "submit", "Create account", value="password"),
    ]
    if message:
        for node in nodes[:-1]:
            node["messages"] = [_message("error", message)]
    return nodes


def _shown_parts() -> list[Node]:
    text = {"id": 1, "type": "info", "text": "abcd efgh ijkl"}
    picture = {"id": "picture", "src": "/ui/static/icon.svg", "width": 96, "height": 96}
    return [
        _node("text", {"id": "told", "text": text}, "A text"),
        _node("img", picture, "The mark of Doorward"),
        _node("a", {"id": "link", "href": "/ui/", "title": {"id": 2, "type": "info", "text": "A link"}}, ""),
    ]


def _input(name: str, kind: str, label: str, **attributes: Any) -> Node:
    return _node("input", {"name": name, "type": kind, "disabled": False, **attributes}, label)


def _node(kind: str, attributes: Mapping[str, Any], label: str) -> Node:
    meta = {"label": {"id": 1, "type": "info", "text": label}} if label else {}
    return {"type": kind, "group": "default", "attributes": dict(attributes), "messages": [], "meta": meta}


def _message(kind: str, text: str) -> dict[str, Any]:
    return {"id": 1, "type": kind, "text": text}
