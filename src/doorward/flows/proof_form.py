"""The forms of recovery and verification: where an address is asked for, and where a code is awaited.

Kratos puts the CSRF field first everywhere but in verification by code, where it comes last and native clients get
none at first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from doorward.flows.form import FormProblem, with_problems
from doorward.flows.messages import Words
from doorward.flows.model import CSRF_FIELD, Flow, FlowKind, FlowType, Node, Ui
from doorward.flows.nodes import csrf_node, input_node, submit_node

EMAIL, CODE, METHOD = "email", "code", "method"
DIGITS: dict[str, Any] = {"pattern": "[0-9]+", "maxlength": 6}
MESSAGES_MAX = 32
LABELS = {FlowKind.RECOVERY: 1070010, FlowKind.VERIFICATION: 1070011}


def address_nodes(flow: Flow, method: str, words: Words, *, takes_phones: bool = False, value: str = "") -> list[Node]:
    """The form that asks for an address."""
    kind, label = ("text", 1070018) if takes_phones else ("email", 1070007)
    filled = {"value": value} if value else {}
    field = input_node(EMAIL, kind, method, words.say(label), required=True, **filled)
    return with_csrf(flow, method, [field, submit_node(METHOD, method, method, words.say(1070009))])


def code_nodes(flow: Flow, words: Words, address: str, again: str = EMAIL) -> list[Node]:
    """The form that awaits a code; its last button, of the name `again`, sends another one to `address`."""
    hidden = input_node(METHOD, "hidden", CODE, value=CODE)
    field = code_field(flow.kind, words)
    submit = submit_node(METHOD, CODE, CODE, words.say(1070009))
    resend = submit_node(again, address, CODE, words.say(1070008))
    if flow.kind is FlowKind.VERIFICATION:
        return [*with_csrf(flow, CODE, [hidden, field, submit]), resend]
    return with_csrf(flow, CODE, [field, hidden, submit, resend])


def code_field(kind: FlowKind, words: Words) -> Node:
    """Where the code is typed; recovery lets digits in only."""
    limits = DIGITS if kind is FlowKind.RECOVERY else {}
    return input_node(
        CODE, "text", CODE, words.say(LABELS[kind]), required=True, autocomplete="one-time-code", **limits
    )


def continue_nodes(flow: Flow, method: str, words: Words, url: str) -> list[Node]:
    """Nothing but the way on."""
    label = words.say(1070009)
    link = Node("a", method, {"id": "continue", "href": url, "title": label.to_json()}, label)
    return [csrf_node(), link]


def with_csrf(flow: Flow, method: str, nodes: Sequence[Node]) -> list[Node]:
    """The nodes with the CSRF field where it belongs."""
    if flow.kind is not FlowKind.VERIFICATION or method != CODE:
        return [csrf_node(), *nodes]
    return [*nodes, csrf_node()] if flow.type is FlowType.BROWSER else [*nodes]


def with_last_csrf(nodes: Iterable[Node]) -> list[Node]:
    """The nodes, and the CSRF field behind them unless it is there."""
    kept = list(nodes)
    return kept if any(node.name == CSRF_FIELD for node in kept) else [*kept, csrf_node()]


def with_typed(ui: Ui, method: str, words: Words, address: str) -> Ui:
    """The form after a mistake in verification: the address as it was typed, "" too, and a CSRF field for everybody."""
    field = input_node(EMAIL, "email", method, words.say(1070007), required=True, value=address)
    nodes, is_placed = [], False
    for node in ui.nodes:
        if node.name == EMAIL and not is_placed:
            field = replace(field, messages=node.messages)
            is_placed = True
            nodes.append(field)
        else:
            nodes.append(node)
    if not is_placed:
        nodes.append(field)
    return replace(ui, nodes=tuple(with_last_csrf(nodes)))


def with_more_problems(ui: Ui, problems: Iterable[FormProblem]) -> Ui:
    """The form with these messages beside those that it has already; the oldest go when there are too many, so that
    nobody makes a row grow for ever.
    """
    added = with_problems(ui, problems)
    earlier = {place: node.messages for place, node in enumerate(ui.nodes)}
    nodes = tuple(
        replace(node, messages=(*earlier.get(place, ()), *node.messages)[-MESSAGES_MAX:])
        for place, node in enumerate(added.nodes)
    )
    return replace(added, nodes=nodes, messages=(*ui.messages, *added.messages)[-MESSAGES_MAX:])
