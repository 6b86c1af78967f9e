"""Where a browser may be sent: the allow-list of `return_to`, and redirect URLs with a flow's id.

Stricter than Kratos where its rules open a redirect: see docs/reference/compatibility.md.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from doorward.flows.errors import SelfServiceFlowReturnToForbidden

# Browsers strip tabs and line breaks, and read \ as /: what they see is then not what was checked.
TREACHEROUS = re.compile(r"[\x00-\x20\x7f\\]")
SCHEMES = frozenset({"http", "https"})


@dataclass(frozen=True, slots=True)
class ReturnTargets:
    """`default` is `selfservice.default_browser_return_url`; `allowed` are prefixes of scheme, host and path."""

    default: str
    allowed: tuple[str, ...]

    def check(self, return_to: str, default: str | None = None) -> str:
        """The absolute URL of a candidate; the default when it is empty. Raises SelfServiceFlowReturnToForbidden."""
        base = default or self.default
        if not return_to:
            return base
        if TREACHEROUS.search(return_to) or return_to.startswith("//"):
            raise SelfServiceFlowReturnToForbidden
        try:
            candidate = urlsplit(return_to)
            if not candidate.scheme and not candidate.netloc:
                candidate = _resolved(base, return_to)
            if not is_allowed(candidate, self.allowed):
                raise SelfServiceFlowReturnToForbidden
        except ValueError:
            raise SelfServiceFlowReturnToForbidden from None
        return urlunsplit(candidate)


def is_allowed(candidate: SplitResult, allowed: Iterable[str]) -> bool:
    """Whether scheme, host with port, and path fit one of the entries. No userinfo, no way up by `..`."""
    if candidate.scheme not in SCHEMES or "@" in candidate.netloc or _climbs(candidate.path):
        return False
    return any(_fits(candidate, urlsplit(entry)) for entry in allowed)


def with_flow(url: str, flow_id: object) -> str:
    """A page's URL with `flow=` added; the query is sorted by name and stands before the fragment, as in Kratos."""
    return with_query(url, flow=str(flow_id))


def with_query(url: str, **values: str) -> str:
    """`url` with query values set."""
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **values}
    return urlunsplit(parts._replace(query=urlencode(sorted(query.items()), quote_via=quote, safe="")))


def _resolved(base: str, path: str) -> SplitResult:
    if not path.startswith("/"):
        raise SelfServiceFlowReturnToForbidden
    return urlsplit(urljoin(base, path))


def _climbs(path: str) -> bool:
    return any(segment == ".." for segment in unquote(path).split("/"))


def _fits(candidate: SplitResult, entry: SplitResult) -> bool:
    if candidate.scheme != entry.scheme or not (candidate.path or "/").startswith(entry.path):
        return False
    host, pattern = candidate.netloc.lower(), entry.netloc.lower()
    if not pattern.startswith("*."):
        return host == pattern
    # `*.com` would allow everybody's site.
    return pattern.count(".") > 1 and host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
