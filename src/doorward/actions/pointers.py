"""From the pointer in a web_hook's message to the name of the node that shows it, as recorded from Kratos."""

from urllib.parse import unquote

from doorward.security.percent import BROKEN_ESCAPE

PREFIX = "#/"


def node_name(pointer: str) -> str | None:
    """`#/traits/email` is `traits.email`; `#/` and an empty pointer mean the whole form (None).

    What does not begin with `#/` is a node's name as it stands. Dots within a segment are escaped. A name of blanks is
    no name, and a pointer with a broken percent escape leads nowhere: the whole form, too (as in Kratos).
    """
    if not pointer.startswith(PREFIX):
        return _unless_blank(pointer)
    if BROKEN_ESCAPE.search(pointer):
        return None
    return _unless_blank(".".join(_segment(part) for part in pointer.removeprefix(PREFIX).split("/")))


def _segment(part: str) -> str:
    return unquote(part.replace("~1", "/").replace("~0", "~")).replace(".", "\\.")


def _unless_blank(name: str) -> str | None:
    return name if name.strip() else None
