"""What an endpoint tells about itself to the OpenAPI document; it stands on the endpoint, so the two cannot part."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
KEY = "doorward_operation"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """`query` maps names to texts; `answers` statuses to texts; `produces` is the type of the 200 body."""

    tag: str
    answers: Mapping[int, str]
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    produces: str = JSON


def operation(described: Operation) -> Callable[[F], F]:
    """Decorator: `@operation(Operation("sessions", {200: "…"}))`. Summary and description come from the docstring."""

    def mark(endpoint: F) -> F:
        endpoint.__dict__[KEY] = described
        return endpoint

    return mark


def operation_of(endpoint: Callable[..., Any]) -> Operation | None:
    """What an endpoint (a function or a method) told, None if nothing."""
    found = getattr(endpoint, KEY, None)
    return found if isinstance(found, Operation) else None
