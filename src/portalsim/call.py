"""One API call that was admitted, its answer, and an operation: what an endpoint module offers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from portalsim import problems
from portalsim.ledger import Origin
from portalsim.portal import Portal
from portalsim.tokens import Token

Kind = Literal["read", "write", "search", "free"]
"""`write` calls leave rejected lines in the ledger; `search` has its own limit; `free` needs no token."""


@dataclass(frozen=True, slots=True)
class Call:
    """`spoiled`: a fault wants this share of a batch's inputs to fail, with this category."""

    method: str
    path: str
    version: str
    params: Mapping[str, str]
    query: Mapping[str, list[str]]
    raw: bytes = field(repr=False)
    body: Any = field(repr=False)
    token: Token
    correlation_id: str
    kind: str
    spoiled_share: float = 0.0
    spoiled_category: str = ""

    @property
    def origin(self) -> Origin:
        return Origin(
            self.correlation_id, self.token.id, self.kind, source_id=str(self.token.app_id), version=self.version
        )

    def text(self, name: str) -> str:
        """The last value of a query parameter, empty when there is none."""
        values = self.query.get(name)
        return values[-1] if values else ""

    def names(self, name: str) -> list[str]:
        """A query parameter that may be repeated, or hold several names with commas."""
        return [part for value in self.query.get(name, []) for part in value.split(",") if part]

    def number(self, name: str, default: int, highest: int) -> int:
        """Raises Problem for what is no number or above the highest."""
        given = self.text(name)
        if not given:
            return default
        if not given.isdigit() or not 1 <= int(given) <= highest:
            raise problems.validation(f"{name} must be a number from 1 to {highest}, not {given}")
        return int(given)

    def object(self) -> Mapping[str, Any]:
        """The body as a JSON object. Raises Problem."""
        if not isinstance(self.body, Mapping):
            raise problems.broken_json(1, 1, "an object was expected")
        return self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` None: no content."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Portal, Call], Answer]


@dataclass(frozen=True, slots=True)
class Operation:
    """`paths` are templates with `{name}`; one for each version family. Any one of `scopes` is enough."""

    method: str
    paths: tuple[str, ...]
    handler: Handler
    kind: Kind
    scopes: tuple[str, ...] = ()
    name: str = ""


def versioned(area: str, resource: str, rest: str = "") -> tuple[str, ...]:
    """The two spellings of a path: `/crm/v3/objects/…` and `/crm/objects/2026-03/…`."""
    return (f"/{area}/v3/{resource}{rest}", f"/{area}/{resource}/{{version}}{rest}")
