"""Flows as JSON, in the shape that Kratos's clients expect, and the form's own JSON for the database."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from doorward.clock import rfc3339
from doorward.flows.messages import Message
from doorward.flows.model import CSRF_FIELD, Flow, FlowKind, Node, Ui
from doorward.security.tokens import mask


def flow_json(flow: Flow, *, reveals_csrf: bool = True) -> dict[str, Any]:
    """The flow for its client. The CSRF field gets a fresh mask each time; templates see it empty, and no secrets."""
    token = mask(flow.csrf_token) if reveals_csrf and flow.csrf_token else ""
    body: dict[str, Any] = {
        "id": str(flow.id),
        "type": str(flow.type),
        "expires_at": rfc3339(flow.expires_at),
        "issued_at": rfc3339(flow.issued_at),
        "request_url": flow.request_url,
        "ui": ui_json(_with_secrets(flow) if reveals_csrf else flow.ui, token),
        "state": str(flow.state),
        **flow.extra,
        **flow.beside,
    }
    if flow.kind is FlowKind.LOGIN:
        body["created_at"] = rfc3339(flow.issued_at)
        body["updated_at"] = rfc3339(flow.updated_at or flow.issued_at)
    if flow.active:
        body["active"] = flow.active
    if flow.return_to:
        body["return_to"] = flow.return_to
    return body


def _with_secrets(flow: Flow) -> Ui:
    return replace(flow.ui, nodes=tuple(flow.secret_nodes.get(node.name, node) for node in flow.ui.nodes))


def ui_json(ui: Ui, csrf_token: str = "") -> dict[str, Any]:
    """`{action, method, nodes, messages?}`; `nodes` is null where there are none (as in Kratos)."""
    nodes = [node.with_attributes(value=csrf_token) if node.name == CSRF_FIELD else node for node in ui.nodes]
    shown = [node_json(node) for node in nodes]
    body: dict[str, Any] = {"action": ui.action, "method": ui.method, "nodes": shown or None}
    if ui.messages:
        body["messages"] = [message.to_json() for message in ui.messages]
    return body


def node_json(node: Node) -> dict[str, Any]:
    """`{type, group, attributes, messages, meta}`; `messages` is never null, `meta` never absent."""
    return {
        "type": node.type,
        "group": node.group,
        "attributes": {**node.attributes, "node_type": node.type},
        "messages": [message.to_json() for message in node.messages],
        "meta": {} if node.label is None else {"label": node.label.to_json()},
    }


def read_ui(body: Mapping[str, Any]) -> Ui:
    """The inverse of `ui_json`."""
    return Ui(
        action=body["action"],
        method=body["method"],
        nodes=tuple(read_node(node) for node in body["nodes"] or ()),
        messages=tuple(Message.from_json(message) for message in body.get("messages", ())),
    )


def read_node(body: Mapping[str, Any]) -> Node:
    """The inverse of `node_json`."""
    label = body["meta"].get("label")
    return Node(
        type=body["type"],
        group=body["group"],
        attributes={name: value for name, value in body["attributes"].items() if name != "node_type"},
        label=None if label is None else Message.from_json(label),
        messages=tuple(Message.from_json(message) for message in body["messages"]),
    )
