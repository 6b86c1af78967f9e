"""Browser or program? Decides between pages with redirects and JSON, as Kratos does: clients rely on the details."""

import re
from collections.abc import Mapping

JSON = "application/json"
# In Kratos's order: among equally good matches the first wins, so that a browser's `*/*` means a page.
OFFERS = ("text/html", "text/*", "*/*", JSON)
# A range with any other parameter than q ends the reading: `application/json; charset=utf-8` counts as a page.
RANGE = re.compile(r"\s*([^\s,;]+)\s*(?:;\s*q=([01](?:\.\d*)?))?\s*(?=,|$)")
EXACT, SUBTYPE, ANY, NO_MATCH = 0, 1, 2, 3


def is_json_client(headers: Mapping[str, str]) -> bool:
    """Whether the client wants JSON: its Accept prefers it, or its Content-Type is exactly `application/json`."""
    return headers.get("content-type", "") == JSON or accepts_json(headers.get("accept", ""))


def accepts_json(accept: str) -> bool:
    """Whether an Accept header picks JSON rather than a page; no header and `*/*` pick the page."""
    best, best_weight, best_breadth = OFFERS[0], -1.0, NO_MATCH
    ranges = media_ranges(accept)
    for offer in OFFERS:
        for media, weight in ranges:
            breadth = _breadth(media, offer)
            if weight == 0 or weight < best_weight or breadth == NO_MATCH:
                continue
            if weight > best_weight or breadth < best_breadth:
                best, best_weight, best_breadth = offer, weight, breadth
    return best == JSON


def media_ranges(accept: str) -> list[tuple[str, float]]:
    """`(media range, weight)` pairs, up to the first that cannot be read. Case counts, as in Kratos."""
    found: list[tuple[str, float]] = []
    position = 0
    while position <= len(accept) and (match := RANGE.match(accept, position)):
        found.append((match.group(1), float(match.group(2) or 1)))
        position = match.end() + 1
    return found


def media_type(content_type: str) -> str:
    """`application/json` of `Application/JSON; charset=utf-8`; "" where there is none."""
    return content_type.partition(";")[0].strip().lower()


def _breadth(media: str, offer: str) -> int:
    if media == "*/*":
        return ANY
    if media.endswith("/*"):
        return SUBTYPE if offer.startswith(media[:-1]) else NO_MATCH
    return EXACT if media == offer else NO_MATCH
