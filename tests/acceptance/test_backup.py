"""A database is lost and an older backup restored: nothing is sent twice, and HubSpot tells whom the backup lacks."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres_server import PostgresServer, running_postgres
from restore_house import CONFIG, HEADERS, House, destinations, email_of, pause, receiving, resume, run_howto
from running import Simulator, connected, request, running

pytestmark = pytest.mark.slow

SECRETS = """
secrets: {cookie: [the-cookies-of-this-test], cipher: [the-key-that-is-in-no-backup-of-it]}
"""


@pytest.fixture
def house(tmp_path: Path, simulator: Simulator) -> Iterator[House]:
    with receiving() as receiver:
        config = CONFIG.format(dsn=f"sqlite://{tmp_path}/doorward.sqlite", url=receiver.url)
        yield House(connected(tmp_path, simulator, config), simulator, receiver)


def sign_up_until(house: House, is_over: threading.Event) -> None:
    """People who come while the backup is made."""
    number = 0
    while not is_over.wait(0.1):
        house.sign_up(f"Meanwhile{number}")
        number += 1


def test_an_older_backup_sends_nothing_twice_and_names_whom_it_lacks(house: House, tmp_path: Path) -> None:
    server, backup = house.server, tmp_path / "backup.sqlite"
    with running(server):
        house.sign_up("Old", "Gone")
        house.settled()
        names = destinations(house)
        assert len(names) == 2
        pause(house, names)
        # These wait when the backup is made, and are sent, changed and deleted by the database that is lost.
        house.sign_up("Waits", "Changes", "Leaves")
        is_over = threading.Event()
        meanwhile = threading.Thread(target=sign_up_until, args=(house, is_over))
        meanwhile.start()
        made = server.told("backup", str(backup))
        is_over.set()
        meanwhile.join()
        resume(house, names)
        house.settled()
        house.rename("Changes", "Changed")
        house.rename("Old", "Older")
        house.delete("Leaves", "Gone")
        house.sign_up("Lost1", "Lost2")
        house.settled()
        sent, posted = house.writes(), Counter(house.receiver.ids)
        server.kill()
    assert set(sent.values()) == set(posted.values()) == {1}
    assert made["waiting"] >= 6
    assert made["key"].endswith(".dev-secrets.json")

    places = {
        "/var/backups/doorward/doorward-backup.sqlite": str(backup),
        "/var/lib/doorward": str(tmp_path),
        "-o doorward ": "",
    }
    run_howto("SQLite", 1, places, {})
    with running(server):
        here = {each["id"] for each in server.told("identities", "list", "--limit", "1000")}
        lacking = {name for name, identity in house.people.items() if identity not in here}
        assert {"Lost1", "Lost2"} <= lacking
        assert len(here) == made["identities"]
        resume(house, names)
        house.sign_up("New")
        # Every web_hook that was waiting is held, and so is the contact of whoever was deleted since.
        house.settled(held=made["held"] + 1)
        assert not {trace: count for trace, count in house.writes().items() if count > 1}
        assert set(Counter(house.receiver.ids).values()) == {1}
        assert len(house.receiver.ids) == posted.total() + 1
        assert house.first_name("Changes") == "Changed"
        assert house.first_name("Waits") == "Waits"

        code, told = house.reconcile()
        assert code == 1
        found = {(each["kind"], each["identity_id"]) for each in told["findings"]}
        unknown = {("unknown", house.people[name]) for name in lacking}
        assert found == unknown | {("removed", house.people["Gone"])}
        assert told["restored_from"]["id"] == made["backup_id"]

        make_good(house, lacking)
        code, told = house.reconcile()
        assert (code, told["findings"]) == (0, [])
        assert server.told("hubspot", "check")["unexplained"] == 0


def make_good(house: House, lacking: set[str]) -> None:
    """What a person does with the findings: until everybody is accounted for."""
    server = house.server
    house.delete("Gone", "Leaves")
    held = server.told("deliveries", "list", "--state", "held", "--limit", "1000")["deliveries"]
    assert held, "the web_hooks still wait for a person"
    had = [each["id"] for each in held if f"msg_{each['id']}" in house.receiver.ids]
    house.do("deliveries", "discard", *had, "--why", "the receiver has it")
    house.do("deliveries", "release", "--state", "held", "--yes")
    house.settled()
    assert set(Counter(house.receiver.ids).values()) == {1}
    # One of the lost signs up again, and proves the address: the old contact becomes theirs. The others are deleted.
    contact = (house.simulator.find_contact(email_of("Lost1")) or {})["id"]
    house.sign_up("Lost1")
    house.settled(held=1)
    house.do("identities", "verify", house.people["Lost1"], email_of("Lost1"))
    house.settled()
    assert (house.simulator.find_contact(email_of("Lost1")) or {})["id"] == contact
    for name in lacking - {"Lost1"}:
        found = house.simulator.find_contact(email_of(name))
        assert found is not None
        address = f"{house.simulator.url}/crm/v3/objects/contacts/{found['id']}"
        assert request("DELETE", address, headers=HEADERS).status == 204


def test_a_backup_refuses_what_it_would_destroy_and_says_so(house: House, tmp_path: Path) -> None:
    existing = tmp_path / "existing.sqlite"
    existing.write_text("mine")
    with running(house.server):
        refused = house.server.command("backup", str(existing))
        assert (refused.returncode, existing.read_text()) == (1, "mine")
        assert "[target_exists]" in refused.stderr
        nowhere = house.server.command("backup", str(tmp_path / "nowhere" / "file"))
        assert "[unusable_file]" in nowhere.stderr
        done = house.server.command("backup", str(existing), "--force")
        assert done.returncode == 0, done.stderr
        assert "0 identities" in done.stdout
        assert ".dev-secrets.json" in done.stdout
    house.server.config.write_text("dsn: postgres://127.0.0.1:1/nothing\n")
    elsewhere = house.server.command("backup", str(tmp_path / "other"))
    assert "[backup_elsewhere]" in elsewhere.stderr
    assert "pg_dump" in elsewhere.stderr


@pytest.mark.postgres
def test_a_dump_of_postgresql_is_restored_by_the_commands_of_the_page(simulator: Simulator, tmp_path: Path) -> None:
    with running_postgres() as postgres, receiving() as receiver:
        dsn = postgres.create_database("doorward")
        config = CONFIG.format(dsn=dsn, url=receiver.url) + SECRETS
        house = House(connected(tmp_path, simulator, config), simulator, receiver)
        assert house.server.command("migrate").returncode == 0
        dump_and_lose(house, postgres, tmp_path)


def dump_and_lose(house: House, postgres: PostgresServer, folder: Path) -> None:
    server, old, new = house.server, postgres.dsn("doorward"), postgres.dsn("doorward_restored")
    places = {"/var/backups/doorward": str(folder), "/etc/doorward/doorward.yml": f"{server.config} --dev"}
    environment = {
        "PATH": str(postgres.binaries),
        "URL": old,
        "SERVER_URL": postgres.dsn(),
        "RESTORED_URL": new,
    }
    with running(server):
        house.sign_up("Old")
        house.settled()
        names = destinations(house)
        pause(house, names)
        house.sign_up("Waits")
        run_howto("PostgreSQL", 0, places, environment)
        resume(house, names)
        house.sign_up("Lost")
        house.settled()
        posted = len(house.receiver.ids)
        server.stop()
    server.config.write_text(server.config.read_text().replace(old, new))
    run_howto("PostgreSQL", 1, places, environment)
    with running(server):
        resume(house, names)
        house.sign_up("New")
        house.settled(held=1)
        assert set(house.writes().values()) == {1}
        assert set(Counter(house.receiver.ids).values()) == {1}
        assert len(house.receiver.ids) == posted + 1
        code, told = house.reconcile()
        assert code == 1
        assert [(each["kind"], each["identity_id"]) for each in told["findings"]] == [("unknown", house.people["Lost"])]
