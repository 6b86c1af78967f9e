"""web_hooks of one list take turns, on both databases: all are stored at once, each may be sent when it is its turn."""

from typing import Any

from doorward.actions.hooks import FlowHooks, HookEntry
from doorward.actions.model import RetryPolicy
from doorward.actions.record import TURN, ActionRecorder
from doorward.actions.resolve import build_table
from doorward.clock import MovableClock
from doorward.identities.draft import NewIdentity
from doorward.identities.events import Cause
from doorward.identities.schema import IdentitySchema, SchemaRegistry
from doorward.identities.service import Change, IdentityService
from doorward.outbox.model import Delivery
from doorward.outbox.query import list_deliveries_of_identity
from doorward.outbox.settled import SettledWaiter
from doorward.security.cipher import Cipher
from doorward.storage.contract import Database
from doorward.storage.identity_keys import IdentityKeys

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"traits": {"type": "object", "properties": {}}}}


def hook(name: str, *, is_ignored: bool = False) -> HookEntry:
    config = {"url": f"https://{name}.example/", "method": "POST", "id": name, "response": {"ignore": is_ignored}}
    return HookEntry("web_hook", config, f"hooks.{name}")


async def signed_up(database: Database, clock: MovableClock, *hooks: HookEntry) -> Change:
    table = build_table({"registration": FlowHooks((), (), {"password": hooks})}, (), RetryPolicy())
    recorder = ActionRecorder(table, IdentityKeys(Cipher(["k" * 32]), clock), clock, "http://127.0.0.1/")
    service = IdentityService(SchemaRegistry([IdentitySchema("p", "", SCHEMA)], "p"), recorder, clock)
    draft = service.draft(NewIdentity("p", {}))
    cause = Cause("flow", "registration", None, "password")
    return await database.transaction(lambda tx: service.create(tx, draft, cause))


async def by_action(database: Database, change: Change) -> dict[str, Delivery]:
    rows = await list_deliveries_of_identity(database.reader, change.identity.id)
    return {each.action: each for each in rows}


async def test_what_stands_behind_a_hook_that_is_waited_for_comes_later(
    database: Database, clock: MovableClock
) -> None:
    hubspot = HookEntry("hubspot", {"destination": "crm", "basis": "contract", "why": "?", "name": "crm"}, "hooks.crm")
    ahead, one, behind, two = hook("ahead", is_ignored=True), hook("one"), hook("behind", is_ignored=True), hook("two")
    change = await signed_up(database, clock, ahead, one, behind, hubspot, two)
    found = await by_action(database, change)
    now, later = clock.now(), clock.now() + TURN
    assert {name: each.not_before for name, each in found.items()} == {
        "ahead": now,
        "one": now,
        "behind": later,
        "crm": now,
        "two": later,
    }
    assert change.recorded.in_turn == tuple(found[name].id for name in ("one", "behind", "two"))
    assert change.recorded.awaited == tuple(found[name].id for name in ("one", "two"))


async def test_whose_turn_it_is_may_be_sent_at_once(database: Database, clock: MovableClock) -> None:
    change = await signed_up(database, clock, hook("one"), hook("two"), hook("three"))
    waiter = SettledWaiter(database, clock)
    await waiter.release(change.recorded.in_turn[1:2])
    found = await by_action(database, change)
    assert [found[name].not_before - clock.now() for name in ("one", "two", "three")] == [TURN * 0, TURN * 0, TURN]
