"""Every key there is, as a flat list drawn from the declarations: for environment variables and the reference page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, get_args, get_origin, get_type_hints

from doorward.config.fields import About, about
from doorward.config.read import default_of, unwrap
from doorward.config.scalars import is_section
from doorward.config.secrets import join

ITEM = "#"
NAME = "<name>"


@dataclass(frozen=True, slots=True)
class Key:
    """`path` is dotted, `#` stands for a place in a list, `<name>` for a free name. `is_ours`: not one of Kratos's."""

    path: str
    kind: Any
    about: About
    default: Any
    is_ours: bool


def list_keys(
    declared: type, plugged: Mapping[str, type], path: str = "", *, is_ours: bool = False, values: object = None
) -> Iterator[Key]:
    """Sections and leaves, parents first. `plugged` gives the Settings behind raw sections, by their path.

    `values`, where given, is an object of `declared` whose values are the defaults here.
    """
    hints = get_type_hints(declared)
    for one in fields(declared):
        told = about(one)
        if told.is_path:
            continue
        kind, _ = unwrap(hints[one.name])
        ours = is_ours or told.is_ours
        if told.rest is None:
            here = join(path, one.name)
            default = default_of(one) if values is None else getattr(values, one.name)
            yield Key(here, kind, told, default, ours)
            yield from _below(kind, default, here, plugged, is_ours=ours)
        else:
            for name in told.rest or (NAME,):
                yield Key(join(path, name), get_args(kind)[1], told, None, ours)
                yield from _inside(get_args(kind)[1], join(path, name), plugged, is_ours=ours)


def _below(kind: Any, default: Any, path: str, plugged: Mapping[str, type], *, is_ours: bool) -> Iterator[Key]:
    origin = get_origin(kind)
    if origin is tuple:
        yield from _inside(get_args(kind)[0], join(path, ITEM), plugged, is_ours=is_ours)
    elif origin is Mapping and is_section(get_args(kind)[1]):
        named: Mapping[str, Any] = default or {NAME: None}
        for name, values in named.items():
            yield from _inside(get_args(kind)[1], join(path, name), plugged, is_ours=is_ours, values=values)
    else:
        yield from _inside(plugged.get(path, kind), path, plugged, is_ours=is_ours)


def _inside(
    kind: Any, path: str, plugged: Mapping[str, type], *, is_ours: bool, values: object = None
) -> Iterator[Key]:
    if is_section(kind):
        yield from list_keys(kind, plugged, path, is_ours=is_ours, values=values)
