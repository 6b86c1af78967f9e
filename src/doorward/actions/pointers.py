"""From the pointer in a web_hook's message to the name of the node that shows it, as recorded from Kratos."""

from urllib.parse import unquote

PREFIX = "#/"


def node_name(pointer: str) -> str | None:
    """`#/traits/email` is `traits.email`; `#/` and an empty pointer mean the whole form (None).

    What does not begin with `#/` is a node's name as it stands. Dots within a segment are escaped.
    """
    if pointer in {"", PREFIX}:
        return None
    if not pointer.startswith(PREFIX):
        return pointer
    return ".".join(_segment(part) for part in pointer.removeprefix(PREFIX).split("/"))


def _segment(part: str) -> str:
    return unquote(part.replace("~1", "/").replace("~0", "~")).replace(".", "\\.")
