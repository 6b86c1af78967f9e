"""Reads an identity schema's traits: the fields of a form, the `ory.sh/kratos` extension keywords, the consents.

References within the document are followed; a circle ends where it would begin again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EXTENSION = "ory.sh/kratos"
OUR_EXTENSION = "doorward"
MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class ConsentField:
    """A declared consent: the exact sentence shown, under a purpose and a version of the wording.

    `path` leads to the boolean trait; `transient` to a value in the transient payload where there is no trait.
    """

    purpose: str
    version: str
    text: str
    path: tuple[str, ...] = ()
    transient: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TraitField:
    """One leaf of the traits, in schema order. `name` is its form name, e.g. `traits.name.first`.

    `items` is the type of a list's members. A value that may be of several types has no field in Kratos's forms.
    """

    name: str
    path: tuple[str, ...]
    type: str
    format: str | None
    title: str | None
    required: bool
    enum: tuple[Any, ...]
    pattern: str | None
    consent: ConsentField | None
    extension: Mapping[str, Any]
    items: str = ""
    is_shown: bool = True

    @property
    def form_type(self) -> str:
        """The type by which a form's texts are read: `array:number` is a list of numbers, `json` an object without
        fields of its own; "" is not read."""
        if not self.is_shown:
            return ""
        if self.type == "object":
            return "json"
        return f"array:{self.items}" if self.type == "array" and self.items else self.type


def read_fields(document: Mapping[str, Any]) -> tuple[TraitField, ...]:
    """The leaves of `properties.traits`, depth first."""
    traits = _resolve(document, document.get("properties", {}).get("traits", {}), ())
    return tuple(_walk(document, traits, (), ()))


def has_circle(document: Mapping[str, Any]) -> bool:
    """Whether an object of the traits contains itself by reference."""
    traits = _resolve(document, document.get("properties", {}).get("traits", {}), ())
    return _circles(document, traits, ())


def _circles(document: Mapping[str, Any], node: Mapping[str, Any], seen: tuple[str, ...]) -> bool:
    if len(set(seen)) < len(seen):
        return True
    return any(
        _circles(document, _resolve(document, raw, ()), (*seen, *_refs(raw)))
        for raw in node.get("properties", {}).values()
    )


def read_transient_consents(document: Mapping[str, Any]) -> tuple[ConsentField, ...]:
    """Consents declared at the document's root under `doorward.transient_consents`."""
    ours = document.get(OUR_EXTENSION)
    declared = ours.get("transient_consents", []) if isinstance(ours, Mapping) else []
    return tuple(
        ConsentField(
            str(item["purpose"]), str(item["version"]), str(item["text"]), (), tuple(str(item["path"]).split("."))
        )
        for item in declared
    )


def _walk(
    document: Mapping[str, Any], node: Mapping[str, Any], path: tuple[str, ...], seen: tuple[str, ...]
) -> Iterator[TraitField]:
    required = node.get("required", ())
    for name, raw in node.get("properties", {}).items():
        refs = (*seen, *_refs(raw))
        if len(path) >= MAX_DEPTH or len(set(refs)) < len(refs):
            continue
        child = _resolve(document, raw, ())
        here = (*path, name)
        if child.get("properties"):
            yield from _walk(document, child, here, refs)
        else:
            # Kratos does not see through a reference to whether its place is required.
            yield _leaf(document, child, here, name in required and not _refs(raw))


def _leaf(document: Mapping[str, Any], node: Mapping[str, Any], path: tuple[str, ...], required: bool) -> TraitField:
    shown = _shown(document, node)
    kind = shown.get("type", "string")
    extension = node.get(EXTENSION)
    items = _resolve(document, node.get("items"), ()).get("type")
    return TraitField(
        name="traits." + ".".join(part.replace(".", "\\.") for part in path),
        path=path,
        type=kind if isinstance(kind, str) else "",
        format=shown.get("format"),
        title=shown.get("title"),
        required=required,
        enum=tuple(shown.get("enum", ())),
        pattern=shown.get("pattern"),
        consent=_consent(node, path),
        extension=extension if isinstance(extension, Mapping) else {},
        items=items if isinstance(items, str) else "",
        is_shown=isinstance(kind, str),
    )


def _shown(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a form says of a field: where there are choices, Kratos takes the last one for the whole."""
    choices = [each for key in ("anyOf", "oneOf") for each in node.get(key) or ()]
    if "not" in node:
        choices.append(node["not"])
    return _resolve(document, choices[-1], ()) if choices else node


def _consent(node: Mapping[str, Any], path: tuple[str, ...]) -> ConsentField | None:
    ours = node.get(OUR_EXTENSION)
    declared = ours.get("consent") if isinstance(ours, Mapping) else None
    if not isinstance(declared, Mapping):
        return None
    text = declared.get("text") or node.get("title") or ""
    return ConsentField(str(declared.get("purpose", "")), str(declared.get("version", "1")), str(text), path)


def _refs(node: Any) -> tuple[str, ...]:
    ref = node.get("$ref") if isinstance(node, Mapping) else None
    return (ref,) if isinstance(ref, str) else ()


def _resolve(document: Mapping[str, Any], node: Any, seen: tuple[str, ...]) -> Mapping[str, Any]:
    """Follows `$ref` within the document and folds `allOf` together; anything else stays as it is."""
    if not isinstance(node, Mapping):
        return {}
    ref = node.get("$ref")
    if isinstance(ref, str) and ref not in seen and ref.startswith("#"):
        return _resolve(document, _pointed_at(document, ref), (*seen, ref))
    parts = node.get("allOf")
    if not isinstance(parts, Sequence):
        return node
    merged = dict(node)
    for part in parts:
        resolved = _resolve(document, part, seen)
        for key, value in resolved.items():
            merged[key] = _merged(merged.get(key), value)
    return merged


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **new}
    if isinstance(old, list) and isinstance(new, list):
        return [*old, *new]
    return new


def _pointed_at(document: Mapping[str, Any], ref: str) -> Any:
    node: Any = document
    for part in ref.lstrip("#").strip("/").split("/"):
        if part:
            node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, Mapping) else None
    return node
