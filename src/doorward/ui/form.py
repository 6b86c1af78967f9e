"""From a flow's nodes, as its JSON has them, to what the one form template draws. Pure; knows no flow by name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from doorward.ui.flow_words import REGISTRATION, SECTIONS, WAIT, FlowWords
from doorward.ui.words import ACCOUNT, AUTOCOMPLETE, UNSPOKEN

TEXT_LIKE = frozenset({"text", "password", "number", "email", "tel", "url", "date", "datetime-local"})
ASIDE = frozenset({"screen", "resend", "email", "totp_unlink"})
ASIDE |= {"lookup_secret_disable", "lookup_secret_regenerate", "lookup_secret_reveal"}
"""Buttons that do not lead onwards: back, once more, away with it."""
HIDDEN, CHECKBOX, SUBMIT, BUTTON = "hidden", "checkbox", "submit", "button"


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence beside a field or above the form; `kind` is info, success or error."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """Something to fill in. `id` is its anchor in the page; `options` make it a choice."""

    id: str
    name: str
    type: str
    label: str
    value: str
    is_required: bool
    is_disabled: bool = False
    is_checked: bool = False
    autocomplete: str = ""
    pattern: str = ""
    length_max: int | None = None
    options: tuple[str, ...] = ()
    hint: str = ""
    notes: tuple[Note, ...] = ()

    @property
    def errors(self) -> tuple[Note, ...]:
        return tuple(note for note in self.notes if note.kind == "error")

    @property
    def described_by(self) -> str:
        """Ids of hint and messages, for screen readers."""
        ids = [f"{self.id}-hint"] if self.hint else []
        return " ".join([*ids, f"{self.id}-notes"] if self.notes else ids)


@dataclass(frozen=True, slots=True)
class Button:
    """What sends the form. `waiting` is shown while it is on its way."""

    name: str
    value: str
    label: str
    waiting: str
    is_primary: bool
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Something to look at: `kind` is text, img or a. `items` are what a text lists: backup codes."""

    kind: str
    id: str
    text: str = ""
    items: tuple[str, ...] = ()
    title: str = ""
    href: str = ""
    alt: str = ""
    size: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class FormView:
    """One form, in drawing order."""

    action: str
    method: str
    hidden: tuple[tuple[str, str], ...] = field(repr=False)
    parts: tuple[Part, ...]
    fields: tuple[Field, ...]
    checkboxes: tuple[Field, ...]
    buttons: tuple[Button, ...]
    notes: tuple[Note, ...]

    @property
    def account(self) -> str:
        """Whose form this is, when an earlier step has asked; "" otherwise."""
        told = {name.rpartition(".")[2]: value for name, value in self.hidden}
        return next((told[name] for name in ACCOUNT if told.get(name)), "")

    @property
    def mistakes(self) -> tuple[tuple[str, str, str], ...]:
        """`(anchor, label, text)` for the summary on top; the anchor is "" where no field is to blame."""
        general = [("", "", note.text) for note in self.notes if note.kind == "error"]
        of_fields = [
            (each.id, each.label, note.text) for each in (*self.fields, *self.checkboxes) for note in each.errors
        ]
        return (*general, *of_fields)


@dataclass(frozen=True, slots=True)
class Section:
    """One group of a page that has several forms."""

    id: str
    title: str
    form: FormView


def section_views(
    ui: Mapping[str, Any], hints: Mapping[str, str] | None = None, words: FlowWords = REGISTRATION
) -> tuple[Section, ...]:
    """A form for each group: sent alone, one never loses what was typed into another. Messages stand above them all."""
    shared = [node for node in ui["nodes"] if node["group"] == "default"]
    groups = [group for group in SECTIONS if any(node["group"] == group for node in ui["nodes"])]
    return tuple(
        Section(
            f"section-{group}",
            SECTIONS[group],
            form_view({**ui, "messages": (), "nodes": _of_group(ui["nodes"], group, shared)}, hints, words),
        )
        for group in groups
    )


def _of_group(nodes: Sequence[Any], group: str, shared: Sequence[Any]) -> list[Any]:
    return [*shared, *(node for node in nodes if node["group"] == group)]


def notes_of(ui: Mapping[str, Any]) -> tuple[Note, ...]:
    """The messages about a form as a whole."""
    return _notes(ui.get("messages", ()))


def form_view(
    ui: Mapping[str, Any], hints: Mapping[str, str] | None = None, words: FlowWords = REGISTRATION
) -> FormView:
    """`ui` is `{action, method, nodes, messages?}`; `hints` are sentences below fields, by field name.

    Fields come first, then boxes to tick, then buttons: whatever the order of the methods, a person reads downwards.
    """
    nodes = [node for node in ui["nodes"] if node["type"] == "input"]
    drawn = [_field(node, hints or {}, words) for node in nodes if node["attributes"]["type"] in TEXT_LIKE]
    boxes = [_field(node, hints or {}, words) for node in nodes if node["attributes"]["type"] == CHECKBOX]
    return FormView(
        action=ui["action"],
        method=ui["method"],
        hidden=tuple(_hidden(nodes)),
        parts=tuple(part for node in ui["nodes"] if (part := _part(node))),
        # The password comes last: it is chosen once the rest is known.
        fields=tuple(sorted(drawn, key=lambda each: each.type == "password")),
        checkboxes=tuple(boxes),
        buttons=tuple(_buttons(nodes, words)),
        notes=_notes(ui.get("messages", ())),
    )


def _field(node: Mapping[str, Any], hints: Mapping[str, str], words: FlowWords) -> Field:
    attributes = node["attributes"]
    name, kind = attributes["name"], attributes["type"]
    value = attributes.get("value")
    return Field(
        id="field-" + "".join(char if char.isalnum() else "-" for char in name),
        name=name,
        type=kind,
        label=words.labels.get(name) or _label(node),
        # A secret is never sent back to the page.
        value="" if value is None or kind == "password" else str(value),
        is_required=bool(attributes.get("required")),
        is_disabled=bool(attributes.get("disabled")),
        is_checked=kind == CHECKBOX and value is True,
        autocomplete=attributes.get("autocomplete") or AUTOCOMPLETE.get(name.rpartition(".")[2], ""),
        pattern=attributes.get("pattern", ""),
        length_max=attributes.get("maxlength"),
        options=tuple(str(option["value"]) for option in attributes.get("options", ())),
        hint=hints.get(name, ""),
        notes=_notes(node["messages"]),
    )


def _buttons(nodes: Iterable[Mapping[str, Any]], words: FlowWords) -> Iterable[Button]:
    """One button is the primary one: the password's, or else the first that leads onwards."""
    found = [node for node in nodes if node["attributes"]["type"] in (SUBMIT, BUTTON)]
    onwards = [node for node in found if node["attributes"]["name"] not in ASIDE and node["group"] != "oidc"]
    # Beside a field for a password the password's button is the way on; a code is the other way.
    onwards.sort(key=lambda node: node["group"] != "password")
    shown: set[tuple[str, str]] = set()
    for node in [*onwards, *(node for node in found if node not in onwards)]:
        attributes = node["attributes"]
        key = (attributes["name"], str(attributes.get("value", "")))
        # A form may have a button twice: steps that are repeated bring theirs once more.
        if key in shown:
            continue
        shown.add(key)
        yield Button(
            name=key[0],
            value=key[1],
            label=words.buttons.get(key) or _label(node),
            waiting=words.waiting.get(key, WAIT),
            is_primary=bool(onwards) and node is onwards[0],
            is_disabled=bool(attributes.get("disabled")),
        )


def _hidden(nodes: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, str]]:
    for node in nodes:
        attributes = node["attributes"]
        if attributes["type"] == HIDDEN:
            value = attributes.get("value", "")
            yield attributes["name"], str(value).lower() if isinstance(value, bool) else str(value)


def _part(node: Mapping[str, Any]) -> Part | None:
    attributes = node["attributes"]
    match node["type"]:
        case "text":
            told = attributes["text"]
            items = tuple(str(each["text"]) for each in (told.get("context") or {}).get("secrets", ()))
            return Part("text", attributes["id"], text=told["text"], items=items, title=_label(node))
        case "img":
            size = (int(attributes["width"]), int(attributes["height"]))
            return Part("img", attributes["id"], href=attributes["src"], alt=_label(node), size=size)
        case "a":
            return Part("a", attributes["id"], text=attributes["title"]["text"], href=attributes["href"])
    return None


def _label(node: Mapping[str, Any]) -> str:
    """The node's label, or its name in words (`traits.home_town` as `Home town`)."""
    label = node["meta"].get("label")
    if label:
        return str(label["text"])
    name = str(node["attributes"].get("name", "")).rpartition(".")[2]
    return name.replace("_", " ").strip().capitalize()


def _notes(messages: Sequence[Mapping[str, Any]]) -> tuple[Note, ...]:
    return tuple(Note(message["type"], message["text"]) for message in messages if message["id"] not in UNSPOKEN)
