"""Reads a raw tree into the dataclasses that declare it, and collects every problem instead of stopping at the first.

Plug-ins read their own Settings with the same `read`.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from doorward.config.fields import About, about
from doorward.config.problems import Problem, error
from doorward.config.scalars import Wrong, is_scalar, is_section, kind_of, parse_scalar, shown
from doorward.config.secrets import Secret, join

T = TypeVar("T")


def read(declared: type[T], raw: object, path: str, problems: list[Problem], fallback: T | None = None) -> T:
    """An object of `declared`, always: what is absent or wrong takes the value of `fallback`, else its default.

    Adds to `problems`: `wrong_type` (no section, no list), `unknown_key`, `missing`, `wrong_value`.
    """
    section = _section(raw, path, problems)
    hints = get_type_hints(declared)
    values: dict[str, Any] = {}
    taken: set[str] = set()
    for one in _fields(declared):
        told = about(one)
        if told.is_path:
            values[one.name] = path
        elif told.rest is None:
            taken.add(one.name)
            values[one.name] = _key(one, hints[one.name], section, path, problems, fallback)
    others = {key: value for key, value in section.items() if key not in taken}
    rest = next((one for one in _fields(declared) if about(one).rest is not None), None)
    if rest is not None:
        values[rest.name] = _rest(rest, hints[rest.name], others, path, problems, taken)
    else:
        problems.extend(unknown_key(key, path, taken) for key in others)
    return declared(**values)


def unknown_key(key: str, path: str, known: Iterable[str]) -> Problem:
    """The problem of a key that nobody reads, with the nearest that is read."""
    known = sorted(known)
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    what = (
        f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}" if known else "no key is known here"
    )
    return error("unknown_key", join(path, key), f"this key is not known; {what}")


def default_of(one: "Field[Any]") -> Any:
    """What an absent key is worth; None where the declaration has no default."""
    if one.default_factory is not MISSING:
        return one.default_factory()
    return None if one.default is MISSING else one.default


def unwrap(hint: Any) -> tuple[Any, bool]:
    """The type without `| None`, and whether None was allowed."""
    if get_origin(hint) in (Union, UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not NoneType]
        return kinds[0], True
    return hint, False


def _fields(declared: Any) -> tuple["Field[Any]", ...]:
    return fields(declared)


def _section(raw: object, path: str, problems: list[Problem]) -> Mapping[str, Any]:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        problems.append(
            error("wrong_type", path or "(the whole file)", f"expected a section with keys, found {kind_of(raw)}")
        )
        return {}
    return {str(key): value for key, value in raw.items()}


def _key(
    one: "Field[Any]", hint: Any, section: Mapping[str, Any], path: str, problems: list[Problem], fallback: object
) -> Any:
    default = default_of(one) if fallback is None else getattr(fallback, one.name)
    told = about(one)
    if one.name not in section:
        if told.required:
            problems.append(error("missing", join(path, one.name), f"this key is required: {told.doc}"))
        # An absent section is read all the same: keys inside may be required.
        return read(hint, None, join(path, one.name), problems, default) if is_section(hint) else default
    return _value(hint, section[one.name], join(path, one.name), told, problems, default)


def _rest(
    one: "Field[Any]",
    hint: Any,
    others: Mapping[str, Any],
    path: str,
    problems: list[Problem],
    taken: Iterable[str],
) -> Any:
    """Keys beside the declared ones, as a mapping in a field of its own."""
    allowed = about(one).rest
    kept: dict[str, Any] = {}
    for key, value in others.items():
        if allowed and key not in allowed:
            problems.append(unknown_key(key, path, (*allowed, *taken)))
        else:
            kept[key] = value
    return _mapping(hint, kept, path, About(), problems, {})


def _value(hint: Any, raw: object, path: str, told: About, problems: list[Problem], default: Any) -> Any:
    kind, may_be_none = unwrap(hint)
    if raw is None and may_be_none:
        return None
    origin = get_origin(kind)
    if is_scalar(kind):
        try:
            return parse_scalar(kind, raw, told)
        except Wrong as wrong:
            found = "" if kind is Secret else f", found {shown(raw)}"
            problems.append(error("wrong_value", path, f"expected {wrong}{found}"))
            return default
    if origin is tuple:
        return _list(kind, raw, path, told, problems, default)
    if origin is Mapping:
        return _mapping(kind, raw, path, told, problems, default)
    if is_section(kind):
        return read(kind, raw, path, problems, default)
    return raw


def _list(kind: Any, raw: object, path: str, told: About, problems: list[Problem], default: Any) -> Any:
    if not isinstance(raw, list | tuple):
        problems.append(error("wrong_type", path, f"expected a list, found {kind_of(raw)}"))
        return default
    item = get_args(kind)[0]
    unreadable = object()
    read_items = [
        _value(item, value, join(path, str(index)), told, problems, None if is_section(item) else unreadable)
        for index, value in enumerate(raw)
    ]
    return tuple(value for value in read_items if value is not unreadable)


def _mapping(kind: Any, raw: object, path: str, told: About, problems: list[Problem], default: Any) -> Any:
    """Names to values. A default that holds names says which names there are, and what each is worth when absent."""
    section = _section(raw, path, problems)
    value_kind = get_args(kind)[1]
    if value_kind is Any:
        return dict(section)
    known: Mapping[str, Any] = default or {}
    result = dict(known)
    for key, value in section.items():
        if known and key not in known:
            problems.append(unknown_key(key, path, known))
            continue
        given = _value(value_kind, value, join(path, key), told, problems, known.get(key))
        if given is not None:
            result[key] = given
    return result
