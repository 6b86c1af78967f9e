"""What goes out and what comes back, as data, and the ways in which it can fail. `egress` does the sending."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from doorward.errors import Misconfigured, Unavailable

DEFAULT_TIMEOUT_S = 30.0
MAX_RESPONSE_BYTES = 5 << 20
STARS = "***"
UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")

FailureKind = Literal["connect", "dns", "certificate", "tls", "reset", "protocol", "redirects"]


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """One HTTP request. `timeout_s` covers all of it: connection, redirects and body.

    Userinfo in `url` becomes Basic authentication unless an Authorization header is given; a fragment is dropped.
    With `follow_redirects=0` a redirect is the answer; otherwise one redirect too many is an `EgressFailed`.
    Header names in `private_headers` are left out, beside Authorization and Cookie, when a redirect changes the host.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    timeout_s: float = DEFAULT_TIMEOUT_S
    follow_redirects: int = 0
    max_response_bytes: int = MAX_RESPONSE_BYTES
    private_headers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OutgoingResponse:
    """The last answer. Header names are lower case, repeated ones joined by `, `.

    `body` is decompressed and at most `max_response_bytes` long; `truncated` tells that there was more.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    elapsed_s: float
    truncated: bool = False


class EgressRefused(Misconfigured):
    """The address must not be called from here."""

    def __init__(self, reason: str, rule: str) -> None:
        """`rule` names what refused it: scheme, url, header, link_local, metadata, loopback, private, reserved, …"""
        self.rule = rule
        super().__init__(reason, rule=rule)


class EgressTimeout(Unavailable):
    """The target did not answer in time."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        """`sent`: the request may have been applied."""
        self.sent = sent
        super().__init__(reason)


class EgressFailed(Unavailable):
    """The target could not be reached, or broke off."""

    def __init__(self, reason: str, kind: FailureKind, *, sent: bool, answered: OutgoingResponse | None = None) -> None:
        """`sent`: the request may have been applied. `answered` is the head of an answer whose body could not be read
        to its end: whoever needs its status only has it.
        """
        self.kind: FailureKind = kind
        self.sent = sent
        self.answered = answered
        super().__init__(reason, kind=kind)


def masked(url: str) -> str:
    """A URL for logs and errors: scheme, host and port. Many a web_hook has its secret in the path: starred too."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return STARS
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    netloc = host + (f":{port}" if port is not None else "")
    path = f"/{STARS}" if parts.path not in {"", "/"} or parts.query else parts.path
    return UNPRINTABLE.sub("?", f"{parts.scheme}://{netloc}{path}")
