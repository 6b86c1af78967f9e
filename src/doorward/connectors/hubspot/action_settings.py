"""What the operator writes as the `config` of `hook: hubspot`, checked whole: every error with its path."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast, get_args

from doorward.connectors.hubspot.settings import Flaw, unknown_keys

Write = Literal["always", "if_empty", "on_create"]
Adopt = Literal["verified", "never", "always"]
SharedEmail = Literal["park", "share"]
OnDelete = Literal["archive", "gdpr", "keep"]
BASES = ("contract", "legitimate_interest")
KEYS = frozenset(
    {"destination", "body", "consent", "basis", "why", "when", "write", "adopt", "shared_email", "on_delete"}
)
NO_REASON = "is missing: name the consent that a person must have given (consent: marketing), or a basis with its why"
W = TypeVar("W", bound=str)


@dataclass(frozen=True, slots=True)
class ActionSettings:
    """How one action treats contacts.

    `write` rules by property name: `always` overwrites whatever is there, `if_empty` and `on_create` never do.
    A property without a rule is overwritten on contacts that we made and left alone on those that we adopted.
    """

    write: Mapping[str, Write] = field(default_factory=dict)
    adopt: Adopt = "verified"
    shared_email: SharedEmail = "park"
    on_delete: OnDelete = "archive"


def parse_action(raw: Mapping[str, Any], path: str, event: str | None = None) -> ActionSettings | list[Flaw]:
    """The settings, or everything that is wrong with them. `event` identity.deleted needs no body and no consent."""
    flaws = unknown_keys(raw, KEYS, path)
    if not isinstance(raw.get("destination"), str):
        flaws.append((f"{path}.destination", "is missing: the name of an entry under destinations"))
    if event != "identity.deleted":
        flaws += _flaws_of_sending(raw, path)
    write = _write_rules(raw.get("write") or {}, f"{path}.write", flaws)
    adopt = _one_of(raw, "adopt", cast("tuple[Adopt, ...]", get_args(Adopt)), path, flaws)
    shared = _one_of(raw, "shared_email", cast("tuple[SharedEmail, ...]", get_args(SharedEmail)), path, flaws)
    on_delete = _one_of(raw, "on_delete", cast("tuple[OnDelete, ...]", get_args(OnDelete)), path, flaws)
    _one_of(raw, "when", ("registered", "verified"), path, flaws)
    return flaws or ActionSettings(write, adopt, shared, on_delete)


def _flaws_of_sending(raw: Mapping[str, Any], path: str) -> list[Flaw]:
    flaws: list[Flaw] = []
    if not isinstance(raw.get("body"), str) or not raw["body"]:
        flaws.append((f"{path}.body", "is missing: the template, as file://, base64:// or https://"))
    consent, basis = raw.get("consent"), raw.get("basis")
    if not consent and not basis:
        flaws.append((f"{path}.consent", NO_REASON))
    if consent and basis:
        flaws.append((f"{path}.basis", "cannot stand beside consent: a person's data is sent for one reason"))
    if basis and basis not in BASES:
        flaws.append((f"{path}.basis", f"must be one of: {', '.join(BASES)}"))
    if basis and not raw.get("why"):
        flaws.append((f"{path}.why", "is missing: the sentence that explains the basis to a person who asks"))
    return flaws


def _write_rules(raw: object, path: str, flaws: list[Flaw]) -> Mapping[str, Write]:
    if not isinstance(raw, Mapping):
        flaws.append((path, "must map property names to always, if_empty or on_create"))
        return {}
    allowed = get_args(Write)
    flaws += [
        (f"{path}.{name}", f"must be one of: {', '.join(allowed)}") for name, rule in raw.items() if rule not in allowed
    ]
    return {str(name): cast("Write", rule) for name, rule in raw.items() if rule in allowed}


def _one_of(raw: Mapping[str, Any], key: str, allowed: tuple[W, ...], path: str, flaws: list[Flaw]) -> W:
    """The value, by default the first that is allowed."""
    value = raw.get(key, allowed[0])
    if value not in allowed:
        flaws.append((f"{path}.{key}", f"must be one of: {', '.join(allowed)}"))
        return allowed[0]
    return cast("W", value)
