"""Puts what was typed, and what is wrong with it, into a form: values into their nodes, messages beside them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from doorward.flows.messages import Message
from doorward.flows.model import Node, Ui
from doorward.flows.nodes import input_node

Scalar = str | int | float | bool
PARTS = re.compile(r"(?<!\\)\.")


@dataclass(frozen=True, slots=True)
class FormProblem:
    """A message and the name of the node that it belongs to; None: to the form as a whole."""

    node: str | None
    message: Message


def with_values(ui: Ui, values: Mapping[str, Scalar]) -> Ui:
    """Fields get their values by name; a name without a field is left out, a field without a value keeps its own."""
    return replace(
        ui,
        nodes=tuple(
            node.with_attributes(value=values[node.name]) if node.name in values else node for node in ui.nodes
        ),
    )


def with_members(nodes: Iterable[Node], traits: Mapping[str, Any]) -> tuple[Node, ...]:
    """The form with a plain field for each member of a list among the traits, as Kratos carries lists along."""
    given = (*nodes,)
    lists = [(node.name, _list_at(traits, node.name)) for node in given]
    members = [
        input_node(f"{name}.{place}", "text", "default", value=value)
        for name, values in lists
        for place, value in enumerate(values)
        if isinstance(value, str | int | float)
    ]
    return (*given, *members)


def with_problems(ui: Ui, problems: Iterable[FormProblem]) -> Ui:
    """The form with these messages and no others. A message for a field that is not there brings a plain one."""
    nodes = [replace(node, messages=()) for node in ui.nodes]
    general: list[Message] = []
    for problem in problems:
        if problem.node is None:
            general.append(problem.message)
        else:
            _attach(nodes, problem.node, problem.message)
    return replace(ui, nodes=tuple(nodes), messages=tuple(general))


def without_messages(ui: Ui) -> Ui:
    return with_problems(ui, ())


def trait_values(traits: Mapping[str, Any]) -> dict[str, Scalar]:
    """Node name to value of everything in the traits that fits into a field."""
    return dict(_flat(traits, "traits"))


def _list_at(traits: Mapping[str, Any], name: str) -> list[Any]:
    value: Any = {"traits": traits}
    for part in PARTS.split(name):
        value = value.get(part.replace("\\.", ".")) if isinstance(value, Mapping) else None
    return value if isinstance(value, list) else []


def _flat(value: Any, name: str) -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{str(key).replace('.', chr(92) + '.')}")
    elif isinstance(value, float) and value.is_integer():
        # As in Kratos: a form shows 3 where 3.0 was sent.
        yield name, int(value)
    elif isinstance(value, str | int | float):
        yield name, value


def _attach(nodes: list[Node], name: str, message: Message) -> None:
    for place, node in enumerate(nodes):
        if node.name == name:
            nodes[place] = replace(node, messages=(*node.messages, message))
            return
    nodes.append(replace(input_node(name, "text", "default"), messages=(message,)))
