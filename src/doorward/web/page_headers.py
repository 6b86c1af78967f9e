"""Security headers of pages: a strict Content Security Policy without exceptions, no framing, no referrer elsewhere."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit


def page_headers(base_url: str, return_urls: Iterable[str]) -> Mapping[str, str]:
    """For every page of an installation. Nothing inline, nothing from elsewhere.

    `return_urls` are where a submitted form may lead: browsers hold redirects against `form-action`, too.
    """
    targets = " ".join(dict.fromkeys(["'self'", *filter(None, map(origin_of, (base_url, *return_urls)))]))
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "content-security-policy": policy,
        "referrer-policy": "same-origin",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }


def origin_of(url: str) -> str:
    """`https://example.org:8443` of a URL, "" of anything that is no web address (or could break the header)."""
    parts = urlsplit(url)
    is_plain = parts.scheme in ("http", "https") and not set(parts.netloc) & set(" ;,'\"@")
    return f"{parts.scheme}://{parts.netloc}" if is_plain and parts.netloc else ""
