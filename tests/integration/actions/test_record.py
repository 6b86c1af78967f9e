"""What a fact leaves in the outbox, in its own transaction, on both databases."""

from typing import Any

import pytest

from doorward.actions.hooks import HookEntry
from doorward.actions.model import RetryPolicy
from doorward.actions.record import ActionRecorder
from doorward.actions.resolve import ConfiguredAction, build_table
from doorward.clock import MovableClock
from doorward.identities.draft import NewIdentity
from doorward.identities.events import Cause
from doorward.identities.schema import IdentitySchema, SchemaRegistry
from doorward.identities.service import Change, IdentifierTaken, IdentityService
from doorward.outbox.query import list_deliveries_of_identity
from doorward.security.cipher import Cipher
from doorward.storage.contract import Database, Transaction
from doorward.storage.identity_keys import IdentityKeys

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "traits": {
            "type": "object",
            "properties": {"email": {"type": "string", "ory.sh/kratos": {"verification": {"via": "email"}}}},
        }
    },
}
EVENTS = ("identity.created", "identity.deleted")
HOOK = {"url": "https://events.example.org/x", "method": "POST", "response": {"ignore": True}}
ACTIONS = (
    ConfiguredAction("crm", EVENTS, HookEntry("hubspot", {"destination": "crm", "basis": "contract", "why": "?"}, "a")),
    ConfiguredAction("stream", EVENTS, HookEntry("web_hook", HOOK, "b")),
)


class Desk:
    """A service whose events go to the outbox."""

    def __init__(self, database: Database, clock: MovableClock) -> None:
        self.database = database
        self.keys = IdentityKeys(Cipher(["k" * 32]), clock)
        recorder = ActionRecorder(build_table({}, ACTIONS, RetryPolicy()), self.keys, clock, "http://127.0.0.1/")
        self.service = IdentityService(SchemaRegistry([IdentitySchema("p", "", SCHEMA)], "p"), recorder, clock)

    async def create(self, email: str) -> Change:
        draft = self.service.draft(NewIdentity("p", {"email": email}))

        async def work(tx: Transaction) -> Change:
            return await self.service.create(tx, draft, Cause("cli", trace_id="t1"))

        return await self.database.transaction(work)


@pytest.fixture
def desk(database: Database, clock: MovableClock) -> Desk:
    return Desk(database, clock)


async def test_one_row_per_action_with_its_context_sealed(desk: Desk) -> None:
    made = await desk.create("ada@example.org")
    rows = await desk.database.reader.fetch_all("SELECT id, payload, trace_id FROM deliveries", {})
    assert len(rows) == len(made.recorded.deliveries) == 2
    assert all(b"ada@example.org" not in bytes(row["payload"]) for row in rows)
    assert {row["trace_id"] for row in rows} == {"t1"}


async def test_a_refused_identity_leaves_nothing(desk: Desk) -> None:
    await desk.create("ada@example.org")
    with pytest.raises(IdentifierTaken):
        await desk.create("ada@example.org")
    row = await desk.database.reader.fetch_one("SELECT COUNT(*) AS n FROM events", {})
    assert row is not None
    assert row["n"] == 1


async def test_a_deletion_takes_back_what_the_crm_was_not_told_and_a_stream_hears_both(desk: Desk) -> None:
    identity = (await desk.create("ada@example.org")).identity

    async def work(tx: Transaction) -> Change:
        return await desk.service.delete(tx, identity.id, Cause("cli"))

    await desk.database.transaction(work)
    rows = await list_deliveries_of_identity(desk.database.reader, identity.id)
    assert [(row.action, row.event_kind, str(row.state)) for row in rows] == [
        ("crm", "identity.created", "cancelled"),
        ("stream", "identity.created", "pending"),
        ("crm", "identity.deleted", "pending"),
        ("stream", "identity.deleted", "pending"),
    ]
