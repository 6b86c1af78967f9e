"""Globs over URLs, as Kratos reads `clients.http.private_ip_exception_urls`: `*` stops at `.` and at `/`."""

import re

_PIECES = re.compile(r"\*\*|\[[^\]]+\]|\\.|.", re.S)
_PLAIN = {"**": ".*", "*": "[^./]*", "?": "[^./]", "{": "(?:", "}": ")"}


def compile_glob(pattern: str) -> re.Pattern[str]:
    """`*` within a label or segment, `**` anything, `?` one character, `{a,b}` either, `[a-z]` and `[!a]` classes.

    What cannot be read as a glob is taken literally.
    """
    written: list[str] = []
    depth = 0
    for piece in _PIECES.findall(pattern):
        depth += {"{": 1, "}": -1}.get(piece, 0)
        written.append("|" if piece == "," and depth > 0 else _translate(piece))
    try:
        return re.compile("".join(written), re.S)
    except re.error:
        return re.compile(re.escape(pattern))


def _translate(piece: str) -> str:
    if piece in _PLAIN:
        return _PLAIN[piece]
    if len(piece) > 2 and piece.startswith("["):
        inner = piece[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]"
    return re.escape(piece[1:] if len(piece) == 2 and piece.startswith("\\") else piece)
