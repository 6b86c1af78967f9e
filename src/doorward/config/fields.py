"""How a setting is declared: default, one sentence about it, limits. Reader, environment and reference page use it.

Plug-ins declare their own Settings the same way, so theirs are read, checked and documented like ours.
"""

from collections.abc import Callable
from dataclasses import Field, dataclass, field
from typing import Any, NewType, TypeVar

T = TypeVar("T")

ByteSize = NewType("ByteSize", int)
"""Bytes; written as `128MB` (powers of 1024, as Kratos reads it) or as a number of bytes."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a setting beside its type.

    `required`: an error when absent. `least`, `most`: of a number, or of a text's length. `is_path`: not a key, the
    reader puts the dotted path there. `rest`: takes every key that no other field takes, if it is one of these names
    (empty: any).
    `may_be_text`: a boolean that may also be written as "true" or "false". `is_ours`: Kratos has no such key.
    """

    doc: str = ""
    required: bool = False
    least: int | None = None
    most: int | None = None
    is_path: bool = False
    rest: tuple[str, ...] | None = None
    may_be_text: bool = False
    is_ours: bool = False


def setting(
    default: T,
    doc: str,
    *,
    required: bool = False,
    least: int | None = None,
    most: int | None = None,
    may_be_text: bool = False,
    ours: bool = False,
    secret: bool = False,
) -> T:
    """A key with a value. `secret` keeps it out of the repr (a raw mapping that may hold credentials)."""
    about = About(doc, required=required, least=least, most=most, may_be_text=may_be_text, is_ours=ours)
    return field(default=default, repr=not secret, metadata={"about": about})


def section(
    factory: Callable[[], T], doc: str, *, rest: tuple[str, ...] | None = None, ours: bool = False, secret: bool = False
) -> T:
    """A key with keys of its own, made by `factory` when absent."""
    about = About(doc, rest=rest, is_ours=ours)
    return field(default_factory=factory, repr=not secret, metadata={"about": about})


def own_path() -> str:
    """Not a key: where in the configuration this object stands."""
    return field(default="", compare=False, metadata={"about": About(is_path=True)})


def about(declared: "Field[Any]") -> About:
    """What was said at the declaration; nothing for an ordinary dataclass field."""
    found = declared.metadata.get("about")
    return found if isinstance(found, About) else About()
