"""What a settings form shows that nobody may read in the database: secrets to be linked, backup codes.

They are shown beside the stored form, in the place of nodes that say nothing.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from doorward.flows.model import Flow, Node
from doorward.flows.render import node_json, read_node
from doorward.security.cipher import Cipher

MEMORY, VEILED = "methods", "veiled"
TELLING = frozenset({"text", "img"})
"""The types of nodes that say something, instead of asking; in settings that is always a secret."""


class Veil:
    """Seals what belongs to one person's form."""

    def __init__(self, keys: Iterable[bytes | str]) -> None:
        """`keys` as in `secrets.cipher`: the first one seals, all open. Raises WeakSecret, SecretMissing."""
        self._cipher = Cipher(tuple(keys), "settings forms")

    def drawn(self, flow: Flow) -> Flow:
        """A form with its telling nodes sealed, and shown beside it."""
        telling = {node.name: node for node in flow.ui.nodes if node.type in TELLING and _says_something(node)}
        if not telling:
            return flow
        nodes = [_silent(node) if node.name in telling else node for node in flow.ui.nodes]
        kept = self._seal(flow.identity_id, [node_json(node) for node in telling.values()])
        return replace(flow.with_ui(nodes=nodes), internal={**flow.internal, VEILED: kept}, secret_nodes=telling)

    def lifted(self, flow: Flow) -> Flow:
        """A form from the database with what it tells its owner. Raises SecretMissing, Tampered."""
        found = self._open(flow.identity_id, flow.internal.get(VEILED)) or []
        nodes = [read_node(each) for each in found]
        return replace(flow, secret_nodes={node.name: node for node in nodes})

    def remembering(self, flow: Flow, memory: Mapping[str, Any]) -> Flow:
        """The flow with what its methods remember."""
        return replace(flow, internal={**flow.internal, MEMORY: self._seal(flow.identity_id, dict(memory))})

    def memory_of(self, flow: Flow) -> Mapping[str, Any]:
        """What the methods of a flow remember. Raises SecretMissing, Tampered."""
        found: Mapping[str, Any] = self._open(flow.identity_id, flow.internal.get(MEMORY)) or {}
        return found

    def _seal(self, identity_id: UUID | None, value: Any) -> str:
        return base64.b64encode(self._cipher.encrypt(orjson.dumps(value), str(identity_id).encode())).decode()

    def _open(self, identity_id: UUID | None, sealed: str | None) -> Any:
        if not sealed:
            return None
        return orjson.loads(self._cipher.decrypt(base64.b64decode(sealed), str(identity_id).encode()))


def _says_something(node: Node) -> bool:
    return bool(node.attributes.keys() - {"id"})


def _silent(node: Node) -> Node:
    return replace(node, attributes={"id": node.name})
