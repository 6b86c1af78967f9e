"""A request as flows see it: plain data, made by the API of whatever framework serves it."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from doorward.flows.continuity import Held
from doorward.identities.model import Identity
from doorward.sessions.model import Device, Session

CDN_COOKIES = ("__cf", "_cf", "cf_")


@dataclass(frozen=True, slots=True)
class SubmittedBody:
    """What was sent, decoded: nested values with the types that the form's fields have.

    `problem` is a sentence about a body that could not be read at all; `is_broken` marks the ones that Kratos answers
    with a plain error instead of the form.
    """

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    problem: str | None = None
    is_broken: bool = False


FieldTypes = Mapping[str, str]
"""Dotted field name to JSON type (`{"traits.age": "integer"}`): what a text in a form stands for."""

ReadBody = Callable[[FieldTypes], Awaitable[SubmittedBody]]


async def no_body(_types: FieldTypes) -> SubmittedBody:
    """A request without a body."""
    return SubmittedBody()


@dataclass(frozen=True, slots=True)
class FlowRequest:
    """`url` is absolute, as the client sees it. Header names are in lower case.

    `csrf_cookie` is the token that the browser holds after this answer (a new one at a first visit), "" without.
    `read` decodes the body once it is known which fields the form has.
    `is_json`: the client wants JSON rather than redirects; `accepts_json`: it says so by Accept, whatever the type of
    what it sends. `session` is the live session that came along,
    `counted_address` is what failures are counted by; unlike the device's it cannot be made up by the client.
    Of our own `cookies` only the names are here.
    `session_token` what opens it and `identity` whose it is (without credentials). `continuity` are the steps that this
    browser may take up again. `closing` is closed when a submission has been answered.
    """

    method: str
    url: str
    device: Device = field(repr=False)
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    read: ReadBody = field(default=no_body, repr=False)
    csrf_cookie: str = field(default="", repr=False)
    is_json: bool = False
    accepts_json: bool = False
    session: Session | None = None
    session_token: str = field(default="", repr=False)
    identity: Identity | None = None
    counted_address: str = field(default="", repr=False)
    continuity: Held = field(default_factory=dict)
    trace_id: str = ""
    closing: ExitStack = field(default_factory=ExitStack, repr=False, compare=False)

    def header(self, name: str) -> str:
        """The first value, "" where there is none."""
        return next(iter(self.headers.get(name, ())), "")

    @property
    def comes_from_browser(self) -> bool:
        """Whether it carries what only browsers send: an origin, or a cookie that is not the CDN's own."""
        own = [name for name in self.cookies if not name.startswith(CDN_COOKIES)]
        return bool(self.header("origin")) or bool(own)
