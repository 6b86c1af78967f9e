"""The form that awaits a code in registration and login, as Kratos lays it out.

Right after sending, the fields stand in the order in which they are filled in and the CSRF field comes last (native
clients have none); after a mistake they are sorted like every other form.
"""

from collections.abc import Iterable, Iterator

from doorward.flows.messages import Words
from doorward.flows.model import Flow, FlowType, Node
from doorward.flows.nodes import csrf_node, input_node, submit_node

CODE, METHOD, RESEND, IDENTIFIER = "code", "method", "resend", "identifier"


def code_nodes(flow: Flow, words: Words, label: int, kept: Iterable[Node]) -> list[Node]:
    """`kept` are the hidden fields that say for whom; `label` is the code's own message id."""
    nodes = [*kept, *code_fields(words, label)]
    return [*nodes, csrf_node()] if flow.type is FlowType.BROWSER else nodes


def code_fields(words: Words, label: int) -> list[Node]:
    """What awaits a code: its field, the button, and the one that sends another."""
    return [
        input_node(METHOD, "hidden", CODE, value=CODE),
        input_node(CODE, "text", CODE, words.say(label), required=True, autocomplete="one-time-code"),
        submit_node(METHOD, CODE, CODE, words.say(1070009)),
        submit_node(RESEND, CODE, CODE, words.say(1070008)),
    ]


def bare_identifier(value: str) -> Node:
    """The hidden identifier of a form that was sent once: it has lost its label (as in Kratos)."""
    return input_node(IDENTIFIER, "hidden", "default", value=value)


def labelled_identifier(value: str, words: Words) -> Node:
    """The hidden identifier of a form that has just begun to wait."""
    return input_node(IDENTIFIER, "hidden", "default", words.say(1070004), required=True, value=value)


def with_bare_identifier(nodes: Iterable[Node], value: str) -> list[Node]:
    """The form's nodes with the first identifier as it was sent now."""
    return [bare_identifier(value) if is_first else node for node, is_first in _found(nodes)]


def with_identifier(nodes: Iterable[Node], value: str) -> list[Node]:
    """The form's nodes with a value in the first identifier: forms of second factors have one for every address."""
    return [node.with_attributes(value=value) if is_first else node for node, is_first in _found(nodes)]


def _found(nodes: Iterable[Node]) -> Iterator[tuple[Node, bool]]:
    """Each node, and whether it is the first identifier."""
    is_found = False
    for node in nodes:
        is_first = node.name == IDENTIFIER and not is_found
        is_found = is_found or is_first
        yield node, is_first
