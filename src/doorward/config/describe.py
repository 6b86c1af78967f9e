"""The configuration as plain values for people and JSON, secrets as stars."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from typing import Any

from doorward.config.fields import about
from doorward.config.scalars import format_duration
from doorward.config.secrets import STARS, Secret, is_reference
from doorward.errors import NotFound

TELLING = re.compile(
    r"token|secret|password|passwd|private|credential|authorization|api_?key|^auth$|^headers$|^value$", re.I
)


class UnknownKey(NotFound):
    """No such key in the configuration."""


def find_at(value: Any, path: str) -> Any:
    """What stands at a dotted path of a Config; raises UnknownKey."""
    for key in [part for part in path.split(".") if part]:
        value = _child(value, key, path)
    return value


def plain(value: Any) -> Any:
    """JSON values: durations as `1h`, paths left out, secrets and whatever looks like one in a raw section as stars."""
    if isinstance(value, Secret):
        return STARS
    if isinstance(value, timedelta):
        return format_duration(value)
    if is_dataclass(value) and not isinstance(value, type):
        return _section(value)
    if isinstance(value, Mapping):
        return {str(key): _masked(str(key), one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def _section(value: Any) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for one in fields(value):
        told = about(one)
        if told.rest is not None:
            result.update(plain(getattr(value, one.name)))
        elif not told.is_path:
            result[one.name] = plain(getattr(value, one.name))
    return result


def _masked(key: str, value: Any) -> Any:
    """A raw section is not typed, so its keys' names decide; references are shown, since they hold nothing."""
    if TELLING.search(key) and not is_dataclass(value):
        return _stars(value)
    return plain(value)


def _stars(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _stars(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_stars(one) for one in value]
    return value if value is None or isinstance(value, bool) or is_reference(value) else STARS


def _guarded(key: str, value: Any) -> Any:
    return Secret(value) if isinstance(value, str) and TELLING.search(key) else value


def _child(value: Any, key: str, path: str) -> Any:
    if isinstance(value, Mapping) and key in value:
        return _guarded(key, value[key])
    if isinstance(value, list | tuple) and key.isdecimal() and int(key) < len(value):
        return value[int(key)]
    if is_dataclass(value) and not isinstance(value, type | Secret):
        for one in fields(value):
            told = about(one)
            if one.name == key and not told.is_path and told.rest is None:
                return getattr(value, key)
            if told.rest is not None and key in getattr(value, one.name):
                return _guarded(key, getattr(value, one.name)[key])
    raise UnknownKey(f"there is no key {path}; `doorward config get` prints every key")
