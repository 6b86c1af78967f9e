"""The order of a registration form's nodes, as Kratos gives it.

The CSRF field, the first trait, the password, the other traits; then everything else by group, buttons last.
"""

from collections.abc import Iterable, Sequence

from doorward.flows.model import CSRF_FIELD, Node

GROUPS = ("oidc", "saml", "default", "webauthn", "passkey", "code", "password", "captcha", "profile")
FIELDS = "fields"
"""Key of a registration flow's internal memory: the traits of its schema, which messages may bring others beside."""
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

    def key(node: Node) -> tuple[int, int, bool, str]:
        if node.group == "identifier_first":
            return (-1, 0, node.name == "method", shown_value(node))
        if node.name in first:
            return (first.index(node.name), 0, False, shown_value(node))
        group = LOGIN_GROUPS.index(node.group) if node.group in LOGIN_GROUPS else -1
        return (len(first), group, node.name == "method", shown_value(node))

    return tuple(sorted(nodes, key=key))


def sort_registration(nodes: Iterable[Node], trait_names: Sequence[str]) -> tuple[Node, ...]:
    """Of several at one place, and of those without a place within their group, the lesser value stands first."""
    nodes = tuple(nodes)
    # Beside codes a password stands with its group (as in Kratos).
    has_codes = any(node.group == "code" for node in nodes)
    placed = [CSRF_FIELD, *trait_names[:1], *([] if has_codes else [PASSWORD]), *trait_names[1:]]

    def key(node: Node) -> tuple[int, int, bool, str]:
        place = place_among(placed, node)
        group = GROUPS.index(node.group) if node.group in GROUPS else -1
        if place is not None:
            return (place, group, False, shown_value(node))
        return (len(placed), group, node.name == "method", shown_value(node))

    return tuple(sorted(nodes, key=key))


def place_among(names: Sequence[str], node: Node) -> int | None:
    """That of the first name that the node's begins with: fields that begin alike stand together."""
    return next((place for place, name in enumerate(names) if node.name.startswith(name)), None)


def shown_value(node: Node) -> str:
    """A node's value as Kratos orders by it: none at all stands behind figures and in front of letters."""
    value = node.attributes.get("value")
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)
