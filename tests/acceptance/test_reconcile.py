"""`doorward hubspot reconcile`: names exactly what differs, at full size in flat memory, and mends what it may."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from doorward.clock import SystemClock
from doorward.connectors.hubspot.wire import KEY_PROPERTY
from doorward.ids import new_row_id
from doorward.storage.contract import Transaction
from doorward.storage.engine import open_database
from hubspot_bench import Portal
from running import BIN, Server, Simulator, connected, running, until

pytestmark = pytest.mark.slow

CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
"""
PEOPLE = 10_000
OTHERS = 300
CONTACTS = "/crm/v3/objects/contacts"
FLAT_BYTES = 8 << 20


@dataclass
class House:
    """An installation with as many people, written straight into its tables, and their contacts."""

    server: Server
    portal: Portal
    ids: list[UUID]
    contacts: dict[UUID, str]


def upserted(portal: Portal, ids: Sequence[Any]) -> dict[Any, str]:
    """A contact for each id; record id by our id."""
    made: dict[Any, str] = {}
    for start in range(0, len(ids), 100):
        inputs = [
            {"id": str(each), "idProperty": KEY_PROPERTY, "properties": {"email": f"p{each}@example.org"}}
            for each in ids[start : start + 100]
        ]
        answer = portal.call("POST", f"{CONTACTS}/batch/upsert", {"inputs": inputs})
        assert answer.status == 200, answer.body
        by_key = {each["properties"][KEY_PROPERTY]: each["id"] for each in answer.body["results"]}
        made |= {each: by_key[str(each)] for each in ids[start : start + 100]}
    return made


async def remember(file: Path, ids: Sequence[UUID], contacts: dict[UUID, str]) -> None:
    """The rows that a delivered person leaves: identity, event, link."""
    clock = SystemClock()
    database = open_database(f"sqlite://{file}", clock)
    await database.start()
    now = clock.now()
    rows = [{"id": each, "event": new_row_id(), "contact": contacts[each], "now": now, "email": "{}"} for each in ids]

    async def write(tx: Transaction) -> None:
        await tx.execute_many(
            "INSERT INTO identities (id, schema_id, traits, state, state_changed_at, created_at, updated_at) "
            "VALUES (:id, 'default', :email, 'active', :now, :now, :now)",
            rows,
        )
        await tx.execute_many(
            "INSERT INTO events (id, kind, identity_id, seq, occurred_at, source, trace_id) "
            "VALUES (:event, 'identity.created', :id, 1, :now, 'flow', '')",
            rows,
        )
        await tx.execute_many(
            "INSERT INTO external_records (destination, identity_id, external_id, created_at, updated_at) "
            "VALUES ('hubspot', :id, :contact, :now, :now)",
            rows,
        )

    await database.transaction(write)
    await database.close()


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Simulator]:
    simulator = Simulator(tmp_path, "--plan", "addon", "--contacts", str(OTHERS))
    with running(simulator):
        yield simulator


@pytest.fixture
async def house(tmp_path: Path, many: Simulator) -> House:
    server = connected(tmp_path, many, CONFIG.format(folder=tmp_path))
    portal = Portal(many.url)
    assert server.command("migrate").returncode == 0
    ids = [new_row_id() for _ in range(PEOPLE)]
    contacts = upserted(portal, ids)
    await remember(tmp_path / "doorward.sqlite", ids, contacts)
    portal.sim("/clock", {"advance_s": 11})
    return House(server, portal, ids, contacts)


def reconcile(server: Server, *options: str) -> tuple[int, dict[str, Any]]:
    done = server.command("hubspot", "reconcile", "--json", *options)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def peak_bytes(server: Server, *options: str) -> tuple[int, dict[str, Any]]:
    """The most memory that a run of the command held, and what it printed."""
    command = [str(BIN / "doorward"), "hubspot", "reconcile", "--json", "--dev", "--config", str(server.config)]
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen([*command, *options], stdout=printed, cwd=server.config.parent)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        return usage.ru_maxrss * 1024, json.loads(printed.read())


def kinds(told: dict[str, Any]) -> dict[str, str]:
    return {each["identity_id"]: each["kind"] for each in told["findings"]}


def break_some(house: House) -> dict[str, str]:
    """What goes wrong with contacts, and how it should be called."""
    strangers = [new_row_id() for _ in range(25)]
    upserted(house.portal, [*strangers, "not-an-id"])
    expected = {str(each): "unknown" for each in [*strangers, "not-an-id"]}
    for number, each in enumerate(house.ids[5_000:5_010]):
        contact = house.contacts[each]
        if number < 4:
            answer = house.portal.call("DELETE", f"{CONTACTS}/{contact}")
            expected[str(each)] = "removed"
        elif number < 7:
            answer = house.portal.call("POST", f"{CONTACTS}/gdpr-delete", {"objectId": contact})
            expected[str(each)] = "missing"
        else:
            answer = house.portal.call("PATCH", f"{CONTACTS}/{contact}", {"properties": {KEY_PROPERTY: ""}})
            expected[str(each)] = "unlinked"
        assert answer.status in (200, 204), answer
    merged, into = house.ids[0], house.ids[1]
    body = {"primaryObjectId": house.contacts[into], "objectIdToMerge": house.contacts[merged]}
    assert house.portal.call("POST", f"{CONTACTS}/merge", body).status == 200
    expected[str(merged)] = "unlinked"
    house.portal.sim("/clock", {"advance_s": 11})
    return expected


async def test_ten_thousand_contacts_are_compared_in_flat_memory(house: House) -> None:
    code, told = reconcile(house.server)
    assert (code, told["findings"], told["ok"]) == (0, [], True)
    assert (told["contacts"], told["ours"], told["remembered"]) == (PEOPLE + OTHERS, PEOPLE, PEOPLE)
    expected = break_some(house)
    most, told = peak_bytes(house.server)
    assert kinds(told) == expected
    assert told["counts"] == {"unknown": 26, "withdrawn": 0, "missing": 3, "removed": 4, "unlinked": 4}
    assert told["after"] is None
    least, told = peak_bytes(house.server, "--after", f"people:{house.ids[-1]}")
    assert (told["contacts"], told["remembered"]) == (0, 0)
    print(f"peak {most / 1e6:.1f} MB for {PEOPLE} contacts, {least / 1e6:.1f} MB for none")
    assert most < least + FLAT_BYTES
    # It goes on where it was stopped.
    code, told = reconcile(house.server, "--after", f"people:{house.ids[5_005]}")
    assert kinds(told) == {str(each): expected[str(each)] for each in house.ids[5_006:5_010]}
    refused = house.server.command("hubspot", "reconcile", "--after", "nonsense")
    assert "[cursor_unknown]" in refused.stderr
    # What was read was never more than the plan allows.
    assert not [each for each in house.portal.sim("/requests?limit=1000")["requests"] if each["status"] == 429]


def test_repair_sends_again_what_is_missing_and_nothing_else(tmp_path: Path, simulator: Simulator) -> None:
    server, portal = connected(tmp_path, simulator, CONFIG.format(folder=tmp_path)), Portal(simulator.url)
    with running(server):
        names = ("fine", "missing", "unlinked", "removed")
        people = {name: server.sign_up(f"{name}@example.org", newsletter=True).body["identity"]["id"] for name in names}
        until("the contacts", lambda: not server.open_deliveries() and portal.contacts() == len(names))
        contacts = {name: (simulator.find_contact(f"{name}@example.org") or {})["id"] for name in names}
        portal.call("DELETE", f"{CONTACTS}/{contacts['removed']}")
        portal.call("POST", f"{CONTACTS}/gdpr-delete", {"objectId": contacts["missing"]})
        portal.call("PATCH", f"{CONTACTS}/{contacts['unlinked']}", {"properties": {KEY_PROPERTY: ""}})
        code, told = reconcile(server)
        expected = {people[name]: name for name in names if name != "fine"}
        assert (code, kinds(told), told["repaired"]) == (1, expected, 0)
        code, told = reconcile(server, "--repair")
        assert (code, told["repaired"], told["unrepaired"]) == (1, 2, 0)
        until("the repair", lambda: not server.open_deliveries() and portal.contacts() == 3)
        code, told = reconcile(server)
        assert (code, kinds(told)) == (1, {people["removed"]: "removed"})
        assert (simulator.find_contact("unlinked@example.org") or {})["id"] == contacts["unlinked"]
        told_to_people = server.command("hubspot", "reconcile").stdout
        assert "recycle bin" in told_to_people
        assert "Not compared" in told_to_people
        portal.call("PATCH", f"{CONTACTS}/{contacts['fine']}", {"properties": {"doorward_consent_marketing": "false"}})
        code, told = reconcile(server, "--repair")
        assert kinds(told) == {people["removed"]: "removed", people["fine"]: "withdrawn"}


def test_a_portal_that_refuses_ends_the_run_with_its_reason(tmp_path: Path, simulator: Simulator) -> None:
    server, portal = connected(tmp_path, simulator, CONFIG.format(folder=tmp_path)), Portal(simulator.url)
    assert server.command("migrate").returncode == 0
    portal.happen("revoke_token")
    code, told = reconcile(server)
    assert (code, told["ok"], told["findings"]) == (1, False, [])
    assert "token" in told["trouble"].lower()
    nowhere = server.command("hubspot", "reconcile", "--destination", "nowhere")
    assert "[no_such_destination]" in nowhere.stderr
