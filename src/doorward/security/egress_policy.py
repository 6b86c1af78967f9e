"""Who may be called: the operator's rules about private networks, applied to URLs and to resolved addresses.

`egress` asks at connect time; `config check` asks beforehand through `explain`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit, urlunsplit

from doorward.config.model_serve import HttpClientConfig
from doorward.security.addresses import NEVER, AddressClass, classify, find_literal
from doorward.security.outgoing import EgressRefused, masked
from doorward.security.url_glob import compile_glob

METADATA_NAMES = frozenset({"metadata.google.internal", "metadata.goog", "metadata", "instance-data"})
SCHEMES = frozenset({"http", "https"})
SENTENCES = {
    AddressClass.LINK_LOCAL: "is link-local",
    AddressClass.METADATA: "is a cloud's metadata service",
    AddressClass.LOOPBACK: "is this machine",
    AddressClass.PRIVATE: "is in a private network",
    AddressClass.RESERVED: "is in a reserved range",
}


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """`allow_private` opens private and loopback addresses (development, or Kratos's explicit `false`).

    `allowed_hosts` are names or addresses that may be private; `exception_globs` are URLs without query, where `*`
    stops at `.` and `/` (Kratos's `clients.http.private_ip_exception_urls`). `ca_file` is trusted beside the
    system's certificates.
    """

    allow_private: bool = False
    allowed_hosts: frozenset[str] = frozenset()
    exception_globs: tuple[str, ...] = ()
    ca_file: str | None = None

    @classmethod
    def from_config(cls, http: HttpClientConfig, *, dev: bool, allowed_hosts: Iterable[str] = ()) -> "EgressPolicy":
        """Private addresses are open in development and where `disallow_private_ip_ranges` is explicitly false."""
        return cls(
            allow_private=dev if http.disallow_private_ip_ranges is None else not http.disallow_private_ip_ranges,
            allowed_hosts=frozenset(host.lower() for host in allowed_hosts),
            exception_globs=http.private_ip_exception_urls,
        )

    def is_exempt(self, url: str) -> bool:
        """The operator has listed this host or this URL as one that may be private."""
        parts = _split(url)
        if (parts.hostname or "").lower() in self.allowed_hosts:
            return True
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))
        return any(compile_glob(pattern).fullmatch(bare) for pattern in self.exception_globs)

    def find_refusal(self, address: str, *, is_exempt: bool) -> AddressClass | None:
        """The class of an address that must not be connected to; None when it may."""
        kind = classify(ip_address(address.partition("%")[0]))
        if kind in NEVER:
            return kind
        if kind is AddressClass.PUBLIC or is_exempt or self.allow_private:
            return None
        return kind

    def check(self, url: str, *, trusted: bool = False) -> None:
        """Judges everything that needs no DNS: scheme, host, literal address. Raises EgressRefused."""
        parts = _split(url)
        host = (parts.hostname or "").lower().rstrip(".")
        if parts.scheme not in SCHEMES:
            raise EgressRefused(f"{masked(url)} is neither http nor https.", "scheme")
        if not host or re.search(r"[\x00-\x20\x7f]", url):
            raise EgressRefused(f"{masked(url)} is not a URL that can be called.", "url")
        is_exempt = trusted or self.is_exempt(url)
        kind = self._kind_of(host, is_exempt=is_exempt)
        if kind is not None:
            raise EgressRefused(f"{masked(url)} {SENTENCES[kind]}.", kind.value)

    def explain(self, url: str, *, trusted: bool = False) -> str | None:
        """Why the URL would be blocked and what to do, None if nothing is known against it. Asks no DNS."""
        try:
            self.check(url, trusted=trusted)
        except EgressRefused as refused:
            reason = str(refused)
            if refused.rule in {AddressClass.PRIVATE.value, AddressClass.LOOPBACK.value}:
                return f"{reason} List it in clients.http.private_ip_exception_urls if it is meant."
            return reason
        return None

    def _kind_of(self, host: str, *, is_exempt: bool) -> AddressClass | None:
        if host in METADATA_NAMES:
            return AddressClass.METADATA
        literal = find_literal(host)
        if literal is not None:
            return self.find_refusal(str(literal), is_exempt=is_exempt)
        is_local = host == "localhost" or host.endswith(".localhost")
        return AddressClass.LOOPBACK if is_local and not (is_exempt or self.allow_private) else None


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # an impossible port raises here
    except ValueError:
        raise EgressRefused(f"{masked(url)} is not a URL that can be called.", "url") from None
    return parts
