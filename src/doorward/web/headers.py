"""Headers of ASGI messages on their way out."""

from starlette.types import Message


def add_header(start: Message, name: str, value: str) -> None:
    """Adds a header to an `http.response.start` message; there may be several of a name."""
    start["headers"] = [*start.get("headers", ()), (name.encode("latin-1"), value.encode("latin-1"))]


def has_header(start: Message, name: str) -> bool:
    """Whether the answer has this header; `name` in lower case."""
    wanted = name.encode("latin-1")
    return any(key.lower() == wanted for key, _ in start.get("headers", ()))
