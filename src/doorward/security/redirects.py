"""Which request comes first and which follows a redirect; what a change of method or host leaves behind. Pure.

As Kratos's HTTP client does it: 301, 302 and 303 become a GET without body, 307 and 308 repeat the request.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from doorward.security.outgoing import EgressFailed, EgressRefused, OutgoingRequest, masked

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*")
OWNED_BY_CLIENT = frozenset({"host", "content-length", "transfer-encoding", "trailer"})
TO_GET = frozenset({301, 302, 303})
AGAIN = frozenset({307, 308})
PRIVATE = frozenset({"authorization", "cookie", "cookie2", "www-authenticate", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a chain. `url` has no userinfo and no fragment; `is_at_home` while origin and first are one."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    is_at_home: bool = True


def first_hop(request: OutgoingRequest) -> Hop:
    """Raises EgressRefused for a method or header that cannot be sent (CR and LF would forge a second request)."""
    if not TOKEN.fullmatch(request.method):
        raise EgressRefused(f"{request.method!r} is no HTTP method.", "method")
    headers = {name: value for name, value in request.headers.items() if name.lower() not in OWNED_BY_CLIENT}
    for name, value in headers.items():
        if not TOKEN.fullmatch(name) or not VALUE.fullmatch(value):
            raise EgressRefused(f"The header {name!r} cannot be sent.", "header")
    url, basic = _bare(request.url)
    if basic is not None and not any(name.lower() == "authorization" for name in headers):
        headers["Authorization"] = basic
    return Hop(request.method, url, headers, request.body)


def next_hop(hop: Hop, request: OutgoingRequest, status: int, location: str | None) -> Hop | None:
    """The request that a redirect asks for; None when the answer is no redirect or says not where to.

    Raises EgressFailed for an address that cannot be read.
    """
    if not location or status not in TO_GET | AGAIN:
        return None
    try:
        url, basic = _bare(urljoin(hop.url, location))
    except (EgressRefused, ValueError):
        reason = f"{masked(hop.url)} redirects to what is no URL."
        raise EgressFailed(reason, "protocol", sent=True) from None
    headers = dict(hop.headers)
    method, body = hop.method, hop.body
    if status in TO_GET:
        body = b""
        method = "HEAD" if hop.method == "HEAD" else "GET"
        headers = _without(headers, {name.lower() for name in headers if name.lower().startswith("content-")})
    if not _keeps_secrets(hop.url, url):
        headers = _without(headers, PRIVATE | {name.lower() for name in request.private_headers})
    headers = _without(headers, {"referer"})
    if not (hop.url.startswith("https:") and url.startswith("http:")):
        headers["Referer"] = urlunsplit(urlsplit(hop.url)._replace(query=""))
    if basic is not None:
        headers = {**_without(headers, {"authorization"}), "Authorization": basic}
    is_at_home = hop.is_at_home and _origin(hop.url) == _origin(url)
    return Hop(method, url, headers, body, is_at_home)


def _bare(url: str) -> tuple[str, str | None]:
    """The URL without userinfo and fragment, and the userinfo as a Basic header."""
    try:
        parts = urlsplit(url)
        user, password = parts.username, parts.password
        _ = parts.port
    except ValueError:
        raise EgressRefused(f"{masked(url)} is not a URL that can be called.", "url") from None
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
    if user is None and password is None:
        return bare, None
    pair = f"{unquote(user or '')}:{unquote(password or '')}".encode()
    return bare, "Basic " + base64.b64encode(pair).decode()


def _keeps_secrets(before: str, after: str) -> bool:
    """The same host, and no step down from https to http."""
    old, new = urlsplit(before), urlsplit(after)
    return old.hostname == new.hostname and not (old.scheme == "https" and new.scheme != "https")


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _without(headers: Mapping[str, str], names: set[str] | frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in names}
