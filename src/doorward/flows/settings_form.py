"""The settings form: one for all methods, made for one person; the state of their account is all that it shows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from doorward.flows.consents import SHOWN, shown_consents
from doorward.flows.contract import KindSettings
from doorward.flows.fresh import FlowMaker
from doorward.flows.messages import Message, Words
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType, Node
from doorward.flows.nodes import csrf_node
from doorward.flows.ordering import place_among, shown_value
from doorward.flows.settings_contract import SettingsMethod, SettingsView
from doorward.flows.settings_veil import Veil
from doorward.identities.model import Identity
from doorward.identities.render import public_identity
from doorward.identities.schema import SchemaRegistry

GROUPS = ("default", "profile", "password", "oidc", "lookup_secret", "webauthn", "passkey", "totp")


@dataclass(frozen=True, slots=True)
class SettingsForms:
    """Makes forms. Recovery uses it too: it ends in one."""

    kind: KindSettings
    methods: Sequence[SettingsMethod]
    schemas: SchemaRegistry
    maker: FlowMaker
    veil: Veil

    def make(
        self,
        identity: Identity,
        type_: FlowType,
        words: Words,
        *,
        request_url: str,
        csrf_token: str = "",
        messages: Iterable[Message] = (),
    ) -> Flow:
        """A whole flow, not stored yet. `identity` comes with credentials."""
        flow = self.maker.make(
            FlowKind.SETTINGS,
            type_,
            self.kind.lifespan,
            request_url=request_url,
            csrf_token=csrf_token,
            language=words.language,
        )
        return self.furnished(flow, identity, words).with_ui(messages=messages)

    def bare(self, flow: Flow, identity: Identity) -> Flow:
        """A new flow of a person, without its form yet."""
        flow = replace(
            flow,
            state=FlowState.SHOW_FORM,
            identity_id=identity.id,
            schema_id=identity.schema_id,
            extra={**flow.extra, "organization_id": _text(identity.organization_id)},
        )
        return self._beside(flow, identity)

    def furnished(self, flow: Flow, identity: Identity, words: Words) -> Flow:
        """A new flow with the form of a person."""
        memory: dict[str, Any] = {}
        for method in self.methods:
            memory.update(method.begin(identity))
        schema = self.schemas.get_schema(identity.schema_id)
        view = SettingsView(identity, schema, words, memory)
        nodes = [node for method in self.methods for node in method.nodes(view)]
        flow = self.bare(flow, identity)
        flow = replace(flow, internal={**flow.internal, SHOWN: shown_consents(schema)})
        drawn = self.veil.drawn(flow.with_ui(nodes=sort_settings([csrf_node(), *nodes])))
        return self.veil.remembering(drawn, memory)

    def seen(self, flow: Flow, identity: Identity) -> Flow:
        """A flow from the database as its owner gets it. Traits are stored once, with their person."""
        return self._beside(self.veil.lifted(flow), identity)

    def redisplayed(self, flow: Flow, memory: Mapping[str, Any]) -> Flow:
        """A flow with more in its form, and more to remember."""
        return self.veil.remembering(self.veil.drawn(flow), {**self.veil.memory_of(flow), **memory})

    def _beside(self, flow: Flow, identity: Identity) -> Flow:
        public = public_identity(identity, self.maker.base_url)
        return replace(flow, beside={**flow.beside, "identity": public})

    def finished(self, flow: Flow, fresh: Flow, words: Words) -> Flow:
        """A flow that succeeded: it keeps its id, and its form leads on to a fresh flow (as in Kratos)."""
        ui = replace(fresh.ui, messages=(words.say(1050001),))
        return replace(
            flow,
            state=FlowState.SUCCESS,
            ui=ui,
            internal={**fresh.internal},
            beside={**flow.beside, **fresh.beside},
            secret_nodes=fresh.secret_nodes,
        )


def sort_settings(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """By group, buttons that name the method last; traits as on a registration form, everything else as it is."""
    nodes = tuple(nodes)
    traits = [node.name for node in nodes if node.name.startswith("traits.")]

    def key(node: Node) -> tuple[int, bool, int, str]:
        group = GROUPS.index(node.group) if node.group in GROUPS else len(GROUPS)
        place = place_among(traits, node)
        at = (len(traits), "") if place is None else (place, shown_value(node))
        return (group, node.name == "method", *at)

    return tuple(sorted(nodes, key=key))


def _text(organization_id: UUID | None) -> str | None:
    return None if organization_id is None else str(organization_id)
