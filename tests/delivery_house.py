"""Everything from the identity service to a scripted target, on a real database: what delivery tests live in."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from doorward.actions.consent import ConsentGate
from doorward.actions.model import Action, RetryPolicy, Trigger
from doorward.actions.record import ActionRecorder
from doorward.actions.sandbox import Sandbox
from doorward.actions.template import TemplateSource
from doorward.clock import MovableClock
from doorward.delivery.budget import SharedBudget
from doorward.delivery.contract import Connector
from doorward.delivery.dispatcher import Dispatcher, Parts
from doorward.delivery.settings import DeliverySettings
from doorward.identities.draft import NewConsent, NewCredential, NewIdentity
from doorward.identities.events import Cause, IdentityEvent
from doorward.identities.schema import IdentitySchema, SchemaRegistry
from doorward.identities.service import Change, IdentityChange, IdentityService
from doorward.observability.metrics import make_metrics
from doorward.outbox.model import Delivery
from doorward.outbox.query import find_delivery, list_deliveries_of_identity
from doorward.security.cipher import Cipher
from doorward.security.egress import Egress
from doorward.security.egress_policy import EgressPolicy
from doorward.storage.contract import Database, Transaction
from doorward.storage.identity_keys import IdentityKeys
from scripted_connector import ScriptedConnector

T = TypeVar("T")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "traits": {
            "type": "object",
            "properties": {
                "email": {
                    "type": "string",
                    "format": "email",
                    "ory.sh/kratos": {
                        "credentials": {"password": {"identifier": True}},
                        "verification": {"via": "email"},
                    },
                },
                "name": {"type": "string"},
                "news": {
                    "type": "boolean",
                    "doorward": {"consent": {"purpose": "marketing", "version": "1", "text": "News?"}},
                },
            },
            "required": ["email"],
        }
    },
}
YES = NewConsent("marketing", True, "News?", "1", "en", "flow")
RETRY = RetryPolicy((timedelta(seconds=10), timedelta(seconds=60)), jitter=0.0)
CRM = Action(
    name="crm",
    trigger=Trigger("identity.created"),
    connector="scripted",
    destination="crm",
    path="actions[0]",
    settings={},
    consent="marketing",
    retry=RETRY,
)


class Actions:
    """The actions of a test: every one answers creation, change, deletion and consent."""

    def __init__(self, *actions: Action) -> None:
        self.actions = list(actions)

    def actions_for(self, event: IdentityEvent) -> list[Action]:
        return self.actions

    def find_action(self, name: str) -> Action | None:
        return next((each for each in self.actions if each.name == name), None)

    def list_actions(self) -> list[Action]:
        return self.actions


class Targets:
    """Connectors by destination."""

    def __init__(self, **connectors: Connector) -> None:
        self.connectors = connectors

    def find_connector(self, destination: str) -> Connector | None:
        return self.connectors.get(destination)


class DeliveryHouse:
    """One database, one clock; as many dispatchers as a test asks for."""

    def __init__(self, database: Database, clock: MovableClock, *actions: Action) -> None:
        self.database = database
        self.clock = clock
        self.actions = Actions(*(actions or (CRM,)))
        self.crm = ScriptedConnector()
        self.targets = Targets(crm=self.crm)
        self.keys = IdentityKeys(Cipher(["a secret that is long enough"]), clock)
        self.schemas = SchemaRegistry([IdentitySchema("person", "", SCHEMA)], "person")
        recorder = ActionRecorder(self.actions, self.keys, clock, "http://127.0.0.1/")
        self.identities = IdentityService(self.schemas, recorder, clock)
        self.gate = ConsentGate(self.schemas)
        self.budget = SharedBudget(database, clock)
        self.metrics = make_metrics()
        self.sandbox = Sandbox(1)
        self.settings = DeliverySettings()
        self.sleep: Callable[[float], Awaitable[None]] = self.move_clock

    def dispatcher(self, first: tuple[str, ...] = (), **changes: Any) -> Dispatcher:
        """Another worker on the same database. Its waits move the clock, unless the test replaced `sleep`."""
        parts = Parts(
            database=self.database,
            connectors=self.targets,
            actions=self.actions,
            gate=self.gate,
            keys=self.keys,
            templates=TemplateSource(Egress(EgressPolicy(allow_private=True)), self.clock),
            sandbox=self.sandbox,
            budget=self.budget,
            clock=self.clock,
            metrics=self.metrics,
            settings=replace(self.settings, **changes),
            first=first,
        )
        return Dispatcher(parts, sleep=self.sleep, spread=lambda: 0.5)

    async def move_clock(self, seconds: float) -> None:
        self.clock.move(seconds=seconds)

    async def sign_up(self, email: str, consents: tuple[NewConsent, ...] = (YES,), **traits: Any) -> Change:
        traits = {"email": email, "news": bool(consents), **traits}
        draft = self.identities.draft(
            NewIdentity("person", traits, (NewCredential("password", {"hashed_password": "$x"}),), consents=consents)
        )
        return await self._in_tx(lambda tx: self.identities.create(tx, draft, Cause("cli")))

    async def change(self, identity_id: UUID, **traits: Any) -> Change:
        change = IdentityChange(traits=traits)
        return await self._in_tx(lambda tx: self.identities.update(tx, identity_id, change, Cause("cli")))

    async def delete(self, identity_id: UUID) -> Change:
        return await self._in_tx(lambda tx: self.identities.delete(tx, identity_id, Cause("cli")))

    async def verify(self, identity_id: UUID, email: str) -> Change | None:
        return await self._in_tx(
            lambda tx: self.identities.mark_address_verified(tx, identity_id, "email", email, Cause("cli"))
        )

    async def get(self, delivery_id: UUID) -> Delivery:
        found = await find_delivery(self.database.reader, delivery_id)
        assert found is not None
        return found

    async def line(self, identity_id: UUID) -> list[Delivery]:
        """All deliveries of a person in the order in which they are to be sent."""
        return await list_deliveries_of_identity(self.database.reader, identity_id)

    async def _in_tx(self, act: Callable[[Transaction], Awaitable[T]]) -> T:
        async def work(tx: Transaction) -> T:
            return await act(tx)

        return await self.database.transaction(work)
