"""The error tree. A class's name in snake case is its stable id, its docstring is the text that anybody may read.

DoorwardError
├── InvalidInput ── MalformedBody, UnknownField, …          what the caller sent is wrong
├── NotFound                                                 the thing named does not exist
├── Conflict                                                 it exists already, or changed meanwhile
├── Forbidden, Unauthorised                                  not allowed, not signed in
├── Misconfigured                                            the operator has to change something
└── Unavailable                                              try again: a part that is needed is away

HTTP statuses are given in web.problems and nowhere else.
"""

import re
from collections.abc import Mapping
from typing import Any


class DoorwardError(Exception):
    """Something went wrong."""

    def __init__(self, reason: str | None = None, **details: Any) -> None:
        """`reason` is shown to the caller: what is wrong and what to do, never a secret; `details` are JSON values."""
        self.reason = reason
        self.details: Mapping[str, Any] = details
        super().__init__(reason or self.safe_text())

    @classmethod
    def code(cls) -> str:
        """The stable id, e.g. `not_found`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    def safe_text(cls) -> str:
        """The first paragraph of the docstring."""
        return (cls.__doc__ or DoorwardError.__doc__ or "").strip().split("\n\n")[0]


class InvalidInput(DoorwardError):
    """The request was malformed or contained invalid parameters."""


class NotFound(DoorwardError):
    """The requested resource could not be found."""


class Conflict(DoorwardError):
    """The resource could not be created due to a conflict."""


class Unauthorised(DoorwardError):
    """The request could not be authorized."""


class Forbidden(DoorwardError):
    """The requested action was forbidden."""


class Misconfigured(DoorwardError):
    """The configuration prevents this. The operator has to change it."""


class Unavailable(DoorwardError):
    """A part that is needed does not answer at the moment. Try again shortly."""

    def __init__(self, reason: str | None = None, retry_after_s: int = 1, **details: Any) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(reason, **details)
