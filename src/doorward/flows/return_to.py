"""Where a browser may be sent: the allow-list of `return_to`, and redirect URLs with a flow's id.

Stricter than Kratos where its rules open a redirect: see docs/reference/compatibility.md.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from doorward.errors import InvalidInput
from doorward.flows.errors import SelfServiceFlowReturnToForbidden
from doorward.security.percent import BROKEN_ESCAPE

# Browsers strip tabs and line breaks, and read \ as /: what they see is then not what was checked.
TREACHEROUS = re.compile(r"[\x00-\x1f\x7f\\]|^ ")
RELATIVE = ("/", "?", "#")
# What Kratos leaves as it stands: a part with nothing else in it, and these where it has to write one anew.
IN_PLACE = re.compile(r"[\w.~!$&'()*+,;=:@\[\]/%-]*", re.ASCII)
IN_PATHS, IN_FRAGMENTS = "$&+,/:;=@", "$&+,/:;=?@!()*"
NO_URL = "return_to is not a URL."
# Nobody can mean these, even if they stand in the list.
SCRIPTS = frozenset({"javascript", "data", "vbscript"})


@dataclass(frozen=True, slots=True)
class ReturnTargets:
    """`default` is `selfservice.default_browser_return_url`; `allowed` are prefixes of scheme, host and path."""

    default: str
    allowed: tuple[str, ...]

    def check(self, return_to: str, default: str | None = None) -> str:
        """The absolute URL of a candidate; the default when it is empty.

        Raises SelfServiceFlowReturnToForbidden, InvalidInput for what is no URL.
        """
        base = default or self.default
        if not return_to:
            return base
        candidate = _parsed(return_to)
        if not candidate.scheme and not candidate.netloc:
            candidate = _resolved(base, return_to)
        if not is_allowed(candidate, self.allowed):
            raise SelfServiceFlowReturnToForbidden
        return urlunsplit(
            candidate._replace(
                path=_written(candidate.path, IN_PATHS), fragment=_written(candidate.fragment, IN_FRAGMENTS)
            )
        )


def is_allowed(candidate: SplitResult, allowed: Iterable[str]) -> bool:
    """Whether scheme, host with port, and path fit one of the entries. No userinfo, no way up by `..`."""
    if not candidate.netloc or "@" in candidate.netloc or candidate.scheme in SCRIPTS or _climbs(candidate.path):
        return False
    return any(_fits(candidate, urlsplit(entry)) for entry in allowed)


def with_flow(url: str, flow_id: object) -> str:
    """A page's URL with `flow=` added; the query is sorted by name and stands before the fragment, as in Kratos."""
    return with_query(url, flow=str(flow_id))


def with_query(url: str, **values: str) -> str:
    """`url` with query values set; a blank becomes `+`, as in Kratos."""
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **values}
    return urlunsplit(parts._replace(query=urlencode(sorted(query.items()))))


def _parsed(return_to: str) -> SplitResult:
    """Raises InvalidInput for what is no URL, and where browsers may read another URL than we do."""
    if return_to.startswith("//") or (TREACHEROUS.search(return_to) and ":" not in return_to):
        raise SelfServiceFlowReturnToForbidden
    if TREACHEROUS.search(return_to) or BROKEN_ESCAPE.search(return_to):
        raise InvalidInput(NO_URL)
    try:
        parts = urlsplit(return_to)
        _ = parts.port
    except ValueError:
        raise InvalidInput(NO_URL) from None
    if " " in parts.scheme + parts.netloc:
        raise InvalidInput(NO_URL)
    return parts


def _resolved(base: str, reference: str) -> SplitResult:
    """On the default's host; its path does not count (as in Kratos)."""
    if not reference.startswith(RELATIVE):
        raise SelfServiceFlowReturnToForbidden
    host = urlsplit(base)
    return urlsplit(reference)._replace(scheme=host.scheme, netloc=host.netloc)


def _written(part: str, safe: str) -> str:
    """A path or fragment as it goes into a header: `/é` as `/%C3%A9`."""
    return part if IN_PLACE.fullmatch(part) else quote(unquote(part), safe=safe)


def _climbs(path: str) -> bool:
    return any(segment == ".." for segment in unquote(path).split("/"))


def _fits(candidate: SplitResult, entry: SplitResult) -> bool:
    if candidate.scheme != entry.scheme or not (unquote(candidate.path) or "/").startswith(entry.path):
        return False
    host, pattern = candidate.netloc.lower(), entry.netloc.lower()
    if not pattern.startswith("*."):
        return host == pattern
    # `*.com` would allow everybody's site.
    return pattern.count(".") > 1 and host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
