"""The HubSpot connector on a real simulator: the simulator over HTTP, identities, jobs. For acceptance tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson

from doorward.actions.model import Action, Trigger
from doorward.clock import SystemClock
from doorward.config.dev import DEFAULT_SCHEMA
from doorward.connectors.hubspot.wire import KEY_PROPERTY
from doorward.connectors.registry import Parts, make_connector
from doorward.delivery.budget import SharedBudget
from doorward.delivery.contract import Connector, Job, Outcome
from doorward.identities.draft import NewIdentity
from doorward.identities.events import Cause, IdentityEvent, Recorded
from doorward.identities.schema import IdentitySchema, SchemaRegistry
from doorward.identities.service import IdentityService
from doorward.ids import new_row_id
from doorward.outbox.model import Delivery
from doorward.outbox.states import State
from doorward.security.egress import Egress, EgressPolicy
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate
from running import TOKEN, Answer, request

PORTAL = "62515000"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
CAUSE = Cause(source="admin")


class Nobody:
    """A Recorder for identities whose events nobody waits for: the test makes the jobs itself."""

    async def record(self, tx: Transaction, event: IdentityEvent) -> Recorded:
        return Recorded(new_row_id())

    def hears(self, event: IdentityEvent) -> bool:
        return False


@dataclass(frozen=True)
class Portal:
    """The simulator, asked over HTTP."""

    url: str

    def sim(self, path: str, body: Any = None) -> Any:
        answer = request("GET" if body is None else "POST", f"{self.url}/_sim{path}", body)
        assert answer.status < 300, answer
        return answer.body

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        return request(method, f"{self.url}{path}", body, HEADERS)

    def happen(self, action: str, **details: Any) -> Any:
        return self.sim("/happenings", {"action": action, **details})

    def fault(self, kind: str, **details: Any) -> None:
        self.sim("/faults", {"kind": kind, "count": 1, **details})

    def contact(self, contact_id: str | None) -> dict[str, Any]:
        names = f"email,firstname,phone,jobtitle,city,doorward_consent_marketing,{KEY_PROPERTY}"
        found = self.call("GET", f"/crm/v3/objects/contacts/{contact_id}?properties={names}")
        assert found.status == 200, found
        properties: dict[str, Any] = found.body["properties"]
        return properties

    def contacts(self) -> int:
        return int(self.sim("/counters")["contacts"])

    def applied(self, trace_id: UUID) -> list[dict[str, Any]]:
        entries = self.sim(f"/ledger?trace_id={trace_id}")["entries"]
        return [each for each in entries if each["outcome"] == "applied"]


@dataclass
class Bench:
    """A connector and everything behind it."""

    portal: Portal
    database: Database
    service: IdentityService
    parts: Parts
    connector: Connector

    async def identity(self, email: str, *, verified: bool = False) -> UUID:
        draft = self.service.draft(NewIdentity("default", {"email": email}))

        async def make(tx: Transaction) -> UUID:
            identity_id = (await self.service.create(tx, draft, CAUSE)).identity.id
            if verified:
                await self.service.mark_address_verified(tx, identity_id, "email", email, CAUSE)
            return identity_id

        return await self.database.transaction(make)

    async def verify(self, identity_id: UUID, email: str) -> None:
        async def prove(tx: Transaction) -> None:
            await self.service.mark_address_verified(tx, identity_id, "email", email, CAUSE)

        await self.database.transaction(prove)

    async def delete(self, identity_id: UUID) -> None:
        async def remove(tx: Transaction) -> None:
            await self.service.delete(tx, identity_id, CAUSE)

        await self.database.transaction(remove)

    async def send(self, *jobs: Job) -> list[Outcome]:
        outcomes = await self.connector.send(jobs)
        assert outcomes.keys() == {job.delivery.id for job in jobs}
        return [outcomes[job.delivery.id] for job in jobs]

    def reconnect(self, **settings: Any) -> None:
        raw = {"token": TOKEN, "base_url": self.portal.url, "portal_id": PORTAL, **settings}
        self.connector = make_connector("hubspot", "hubspot", raw, self.parts)


@asynccontextmanager
async def running_bench(portal: Portal, file: Path) -> AsyncIterator[Bench]:
    """A connector on an empty database: it remembers no contact."""
    clock = SystemClock()
    database = open_database(f"sqlite://{file}", clock)
    await database.start()
    await migrate(database, clock)
    egress = Egress(EgressPolicy())
    await egress.start()
    schema = IdentitySchema("default", DEFAULT_SCHEMA.as_uri(), orjson.loads(DEFAULT_SCHEMA.read_bytes()))
    service = IdentityService(SchemaRegistry([schema], "default"), Nobody(), clock)
    parts = Parts(egress, database, SharedBudget(database, clock), clock)
    made = Bench(portal, database, service, parts, make_connector("hubspot", "hubspot", {"token": TOKEN}, parts))
    made.reconnect()
    yield made
    await made.connector.close()
    await egress.close()
    await database.close()


def job_for(
    identity_id: UUID,
    email: str | None,
    *,
    event: str = "identity.created",
    attempt: int = 1,
    lost: bool = False,
    verified: bool = False,
    settings: dict[str, Any] | None = None,
    lists: list[int] | None = None,
    **properties: Any,
) -> Job:
    now = datetime.now(UTC)
    config = {"destination": "hubspot", "body": "base64://e30=", "consent": "marketing", **(settings or {})}
    delivery = Delivery(
        id=new_row_id(),
        event_id=uuid4(),
        event_kind=event,
        identity_id=identity_id,
        seq=1,
        action="hubspot",
        connector="hubspot",
        destination="hubspot",
        state=State.LEASED,
        payload=b"",
        attempts=attempt - 1,
        snoozes=0,
        not_before=now,
        lease_owner=None,
        lease_token=uuid4(),
        lease_until=now,
        held_for=None,
        reason_code=None,
        reason=None,
        external_id=None,
        template_version=None,
        replays=0,
        trace_id="",
        created_at=now,
        updated_at=now,
        settled_at=None,
    )
    action = Action("hubspot", Trigger(event), "hubspot", "hubspot", "actions.0.config", config, consent="marketing")
    output = {"properties": {"email": email, **properties}, "lists": lists or []}
    rendered = None if email is None else orjson.dumps(output).decode()
    return Job(delivery, action, {}, rendered, attempt, lost, verified)
