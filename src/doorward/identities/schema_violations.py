"""What the validator found, as violations in the terms that Kratos's messages are made of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jsonschema_rs

from doorward.identities.schema_strictness import KEYWORD

Pointer = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with the traits. `pointer` leads there from the traits; `keyword` is JSON Schema's.

    `is_choice`: what one of several choices has against a value that fits none of them.
    """

    pointer: Pointer
    keyword: str
    params: Mapping[str, Any]
    text: str
    is_choice: bool = False


def violations_of(error: jsonschema_rs.ValidationError, document: Mapping[str, Any]) -> Iterator[Violation]:
    """Of choices (`oneOf`, `anyOf`) that nothing fits, what each of them has against the value."""
    pointer, keyword = tuple(error.instance_path)[1:], error.kind.name
    params = {key: value for key, value in error.kind.as_dict().items() if key not in ("name", "value")}
    if keyword in ("oneOf", "anyOf") and any(params.get("context", ())):
        for branch in params["context"]:
            for each in branch:
                yield from (replace(found, is_choice=True) for found in violations_of(each, document))
    elif keyword == "propertyNames":
        # The name itself is the value that the inner error is about.
        inner = params["error"]
        for each in violations_of(inner, document):
            yield Violation((*pointer, str(inner.instance)), each.keyword, each.params, each.text)
    elif keyword == "required":
        yield _missing(error, pointer, params)
    else:
        yield _plain(error, document, pointer, keyword, params)


def json_type(value: Any) -> str:
    """JSON Schema's name for the type of a value."""
    if value is None:
        return "null"
    for kinds, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kinds):
            return name
    return "object"


def _missing(error: jsonschema_rs.ValidationError, pointer: Pointer, params: Mapping[str, Any]) -> Violation:
    if "dependencies" in error.schema_path:
        # It is the other field's doing: Kratos says so of the object as a whole.
        return Violation(pointer, "dependencies", params, "dependencies")
    return Violation((*pointer, str(params["property"])), "required", params, "is missing")


def _plain(
    error: jsonschema_rs.ValidationError,
    document: Mapping[str, Any],
    pointer: Pointer,
    keyword: str,
    params: Mapping[str, Any],
) -> Violation:
    if keyword == KEYWORD:
        types = {"types": ["integer"], "instance_type": "number"}
        return Violation(pointer, "type", types, "type")
    if keyword == "falseSchema":
        keyword = str(error.schema_path[-1]) if error.schema_path else keyword
    told = {**params, "instance_type": json_type(error.instance)}
    if keyword == "type":
        told["types"] = _declared(document, error.schema_path) or params["types"]
    return Violation(pointer, keyword, told, keyword)


def _declared(document: Any, path: Sequence[str | int]) -> list[str] | None:
    """The types in the order of the schema, which the validator sorts; None where a reference is on the way."""
    for part in path:
        is_there = (
            part in document
            if isinstance(document, Mapping)
            else isinstance(document, list) and isinstance(part, int) and part < len(document)
        )
        if not is_there:
            return None
        document = document[part]
    found = document if isinstance(document, list) else [document]
    return [str(each) for each in found]
