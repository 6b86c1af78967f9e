"""JSON bodies of self-service forms, read as leniently and as strictly as Kratos reads them. Pure."""

import json
import math
from typing import Any

from doorward.flows.request import FieldTypes
from doorward.web.form_body import Unreadable, path_of, put


def read_json(body: bytes, types: FieldTypes) -> dict[str, Any]:
    """Nested values; what follows the first object is ignored. Raises Unreadable.

    Top-level texts may come as any JSON value and are kept as its text (a password may be `12345678`); null is as if
    absent. Dotted keys (`{"traits.email": …}`) mean nested ones. What lies inside `traits` stays as it is: the identity
    schema judges it.
    """
    decoded = _decoded(body)
    values: dict[str, Any] = {}
    for key, value in decoded.items():
        if value is None:
            continue
        if "." in key and key in types:
            put(values, path_of(key), value)
        elif types.get(key) == "string":
            values[key] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        elif isinstance(value, dict) and isinstance(values.get(key), dict):
            put(values, (key,), value)
        else:
            values[key] = value
    return values


def first_value(body: bytes) -> Any:
    """The JSON value that a body begins with; what follows it is ignored. Raises Unreadable."""
    text = body.decode("utf-8", "replace").lstrip(" \t\r\n")
    try:
        # A body may be hostile: NaN is no JSON, and nesting can exceed any stack.
        value, _ = json.JSONDecoder(parse_constant=_refused, parse_float=_finite).raw_decode(text)
        return _storable(value)
    except (ValueError, RecursionError):
        raise Unreadable("The body is not valid JSON.") from None


def _decoded(body: bytes) -> dict[str, Any]:
    value = first_value(body)
    if not isinstance(value, dict):
        raise Unreadable("The body has to be a JSON object.")
    return value


def _refused(constant: str) -> Any:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _storable(value: Any) -> Any:
    """Half a surrogate pair is no character: no database and no other program could take it."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return value
