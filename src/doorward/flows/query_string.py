"""The query of an address, read as Kratos reads it, wherever it counts."""

from urllib.parse import parse_qsl


def query_pairs(query: str) -> list[tuple[str, str]]:
    """All pairs in their order. One with a bare `;` does not count: to some programs between here and the client
    it would be two, and what was checked would not be what they act on."""
    kept = [pair for pair in query.split("&") if ";" not in pair]
    return parse_qsl("&".join(kept), keep_blank_values=True)


def first_of(query: str) -> dict[str, str]:
    """The first value of each name."""
    found: dict[str, str] = {}
    for name, value in query_pairs(query):
        found.setdefault(name, value)
    return found
