"""The order of a registration form's nodes, as Kratos gives it.

The CSRF field, the first trait, the password, the other traits; then everything else by group, buttons last.
"""

from collections.abc import Iterable, Mapping, Sequence

from doorward.flows.model import CSRF_FIELD, Node

GROUPS = ("oidc", "saml", "default", "webauthn", "passkey", "code", "password", "captcha", "profile")
PASSWORD = "password"  # noqa: S105 -- the name of a field


LOGIN_GROUPS = (
    "identifier_first",
    "oidc",
    "saml",
    "default",
    "webauthn",
    "passkey",
    "code",
    "password",
    "totp",
    "lookup_secret",
)
LOGIN_FIRST = (CSRF_FIELD, "identifier")


def sort_login(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The CSRF field, the identifier, the password; then by group, what chooses a method last."""
    nodes = tuple(nodes)
    # Beside codes a password stands with its group (as in Kratos).
    has_codes = any(node.group == "code" for node in nodes)
    first = LOGIN_FIRST if has_codes else (*LOGIN_FIRST, PASSWORD)

    def key(node: Node) -> tuple[int, int, bool]:
        if node.group == "identifier_first":
            return (-1, 0, node.name == "method")
        if node.name in first:
            return (first.index(node.name), 0, False)
        group = LOGIN_GROUPS.index(node.group) if node.group in LOGIN_GROUPS else -1
        return (len(first), group, node.name == "method")

    return tuple(sorted(nodes, key=key))


def sort_registration(nodes: Iterable[Node], trait_names: Sequence[str]) -> tuple[Node, ...]:
    """Stable: what has no place of its own keeps its order within its group; a list's members stand behind the list."""
    nodes = tuple(nodes)
    # Beside codes a password stands with its group (as in Kratos).
    has_codes = any(node.group == "code" for node in nodes)
    placed = [CSRF_FIELD, *trait_names[:1], *([] if has_codes else [PASSWORD]), *trait_names[1:]]
    places = {name: place for place, name in enumerate(placed)}

    def key(node: Node) -> tuple[int, int, bool]:
        place = _place(places, node.name)
        if place is not None:
            return (place, 0, False)
        group = GROUPS.index(node.group) if node.group in GROUPS else -1
        return (len(places), group, node.name == "method")

    return tuple(sorted(nodes, key=key))


def field_names(nodes: Iterable[Node]) -> list[str]:
    """The schema's fields among a form's nodes: those that messages brought come later, above or below one of them."""
    names: list[str] = []
    for node in nodes:
        is_brought = any(_is_within(node.name, each) or _is_within(each, node.name) for each in names)
        if node.name.startswith("traits.") and not is_brought:
            names.append(node.name)
    return names


def _is_within(name: str, other: str) -> bool:
    return name.startswith(f"{other}.")


def _place(places: Mapping[str, int], name: str) -> int | None:
    """That of the field itself, or of the nearest one that it lies in."""
    while name not in places and "." in name:
        name = name.rpartition(".")[0]
    return places.get(name)
