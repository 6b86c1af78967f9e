"""Single values: durations, sizes, numbers, texts, from what YAML, JSON, TOML or an environment variable gave.

A parser raises Wrong with what was expected; the reader adds the path.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from datetime import timedelta
from typing import Any, Literal, get_args, get_origin

from doorward.config.fields import About, ByteSize
from doorward.config.secrets import STARS, Secret

DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))+")
DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")
MICROSECONDS = {"ns": 0.001, "us": 1, "µs": 1, "ms": 1e3, "s": 1e6, "m": 60e6, "h": 3600e6, "d": 86400e6}
SIZE = re.compile(r"(\d+)\s*(B|KB|MB|GB|TB)?")
SIZE_UNITS = {None: 1, "B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
SHOWN_LIMIT = 60


class Wrong(Exception):
    """A value is not what the key takes; the text says what it takes."""


def parse_duration(text: str) -> timedelta:
    """`1h30m`, `100ms`, `7d`; raises Wrong."""
    if text == "0":
        return timedelta()
    if not DURATION.fullmatch(text):
        raise Wrong("a duration such as 30s, 1h30m or 7d")
    try:
        return timedelta(
            microseconds=sum(float(number) * MICROSECONDS[unit] for number, unit in DURATION_PART.findall(text))
        )
    except OverflowError as overflow:
        raise Wrong("a duration below a million days") from overflow


def format_duration(value: timedelta) -> str:
    """The inverse of `parse_duration`: `1h30m`, `0s`."""
    rest = value // timedelta(microseconds=1)
    parts: list[str] = []
    for unit, size in (("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def shown(raw: object) -> str:
    """A value in an error text: short, on one line, and stars for what came from a reference."""
    if isinstance(raw, Secret):
        return STARS
    if isinstance(raw, Mapping | list) or raw is None:
        return kind_of(raw)
    text = repr(raw)
    return text if len(text) <= SHOWN_LIMIT else text[:SHOWN_LIMIT] + "…"


def kind_of(raw: object) -> str:
    """What a value is, without the value: where it may be a secret in the wrong place."""
    if raw is None:
        return "nothing"
    if isinstance(raw, Mapping):
        return "a section with keys"
    if isinstance(raw, list):
        return "a list"
    return "a single value"


def parse_scalar(kind: Any, raw: object, about: About) -> Any:
    """The value as `kind`; raises Wrong. A Secret given for a key that is not secret is revealed."""
    if kind is Secret:
        return _secret(raw, about)
    if isinstance(raw, Secret):
        raw = from_text(kind, raw.reveal())
    if get_origin(kind) is Literal:
        return _choice(get_args(kind), raw)
    if kind is bool and about.may_be_text and raw in ("true", "false"):
        return raw == "true"
    return PARSERS[kind](raw, about)


def from_text(kind: Any, text: str) -> object:
    """What a text from outside YAML stands for, where the key is a number or a boolean; otherwise the text itself."""
    if kind is bool and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind in (int, float, ByteSize):
        try:
            return float(text) if kind is float else int(text)
        except ValueError:
            return text
    return text


def is_section(kind: Any) -> bool:
    """Whether a kind is a section with keys of its own: a declared dataclass that is no single value."""
    return isinstance(kind, type) and is_dataclass(kind) and not is_scalar(kind)


def is_scalar(kind: Any) -> bool:
    """Whether `parse_scalar` takes this kind."""
    return kind is Secret or get_origin(kind) is Literal or kind in PARSERS


def _secret(raw: object, about: About) -> Secret:
    value = raw if isinstance(raw, Secret) else Secret(_text(raw, About()))
    if about.least is not None and len(value.reveal()) < about.least:
        raise Wrong(f"a text of at least {about.least} characters (`openssl rand -hex 32` makes one)")
    return value


def _choice(allowed: tuple[object, ...], raw: object) -> object:
    if raw in allowed and not isinstance(raw, bool):
        return raw
    raise Wrong("one of " + ", ".join(str(one) or "nothing" for one in allowed))


def _bool(raw: object, _about: About) -> bool:
    if isinstance(raw, bool):
        return raw
    raise Wrong("true or false")


def _text(raw: object, _about: About) -> str:
    if isinstance(raw, str):
        return raw
    raise Wrong("a text (put it in quotes)")


def _number(raw: object, about: About) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or raw != raw:
        raise Wrong("a number")
    return float(_within(raw, about))


def _whole_number(raw: object, about: About) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise Wrong("a whole number")
    return int(_within(raw, about))


def _within(raw: float, about: About) -> float:
    if about.least is not None and raw < about.least:
        raise Wrong(f"at least {about.least}")
    if about.most is not None and raw > about.most:
        raise Wrong(f"at most {about.most}")
    return raw


def _duration(raw: object, _about: About) -> timedelta:
    if isinstance(raw, str):
        return parse_duration(raw)
    raise Wrong("a duration such as 30s, 1h30m or 7d")


def _size(raw: object, about: About) -> ByteSize:
    found = SIZE.fullmatch(raw) if isinstance(raw, str) else None
    if found:
        raw = int(found[1]) * SIZE_UNITS[found[2]]
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise Wrong("a size such as 128MB")
    return ByteSize(int(_within(raw, about)))


PARSERS: Mapping[Any, Callable[[object, About], Any]] = {
    bool: _bool,
    str: _text,
    int: _whole_number,
    float: _number,
    timedelta: _duration,
    ByteSize: _size,
}
