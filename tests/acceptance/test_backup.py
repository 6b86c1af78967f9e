"""A database is lost and an older backup restored: nothing is sent twice, and HubSpot tells whom the backup lacks."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from running import TOKEN, Server, Simulator, connected, request, running, until

pytestmark = pytest.mark.slow

CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
actions:
  - name: hook
    on: [identity.created]
    hook: web_hook
    config: {{url: "{url}", method: POST, body: "base64://e30=", response: {{ignore: true}}}}
"""
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Receiver:
    """Notes the `webhook-id` of everything that arrives."""

    url: str
    ids: list[str] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            receiver.ids.append(self.headers["webhook-id"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        receiver = Receiver(f"http://127.0.0.1:{http.server_port}/")
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            http.shutdown()
            thread.join()


@dataclass
class House:
    """One installation with what it sends to."""

    server: Server
    simulator: Simulator
    receiver: Receiver
    people: dict[str, str] = field(default_factory=dict)

    def sign_up(self, *names: str) -> None:
        for name in names:
            answer = self.server.sign_up(email_of(name), name={"first": name}, newsletter=True)
            assert answer.status == 200, answer.body
            self.people[name] = answer.body["identity"]["id"]

    def do(self, *arguments: str) -> None:
        done = self.server.command(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr

    def delete(self, *names: str) -> None:
        for name in names:
            self.do("identities", "delete", self.people[name], "--yes")

    def rename(self, name: str, first: str) -> None:
        self.do("identities", "patch", self.people[name], json.dumps({"traits": {"name": {"first": first}}}))

    def settled(self, held: int = 0) -> None:
        """Nothing waits but what is held."""
        until("the deliveries", lambda: self.server.open_deliveries() == ({"held": held} if held else {}), 60)

    def reconcile(self, *options: str) -> tuple[int, dict[str, Any]]:
        done = self.server.command("hubspot", "reconcile", "--json", *options)
        return done.returncode, json.loads(done.stdout)

    def writes(self) -> Counter[str]:
        """How often each delivery was applied in HubSpot."""
        entries = request("GET", f"{self.simulator.url}/_sim/ledger?limit=1000").body["entries"]
        return Counter(each["trace_id"] for each in entries if each["outcome"] == "applied" and each["trace_id"])

    def first_name(self, name: str) -> str | None:
        found = self.simulator.find_contact(email_of(name))
        return None if found is None else found["properties"]["firstname"]


def email_of(name: str) -> str:
    return f"{name.lower()}@example.org"


@pytest.fixture
def house(tmp_path: Path, simulator: Simulator) -> Iterator[House]:
    with receiving() as receiver:
        server = connected(tmp_path, simulator, CONFIG.format(folder=tmp_path, url=receiver.url))
        yield House(server, simulator, receiver)


def destinations(house: House) -> list[str]:
    shown = house.server.told("deliveries", "list")["deliveries"]
    return sorted({each["destination"] for each in shown})


def pause(house: House, names: list[str]) -> None:
    for name in names:
        house.do("pauses", "pause", "destination", name)


def resume(house: House, names: list[str]) -> None:
    for name in names:
        house.do("pauses", "resume", "destination", name)


def sign_up_until(house: House, is_over: threading.Event) -> None:
    """People who come while the backup is made."""
    number = 0
    while not is_over.wait(0.1):
        house.sign_up(f"Meanwhile{number}")
        number += 1


def restore(house: House, backup: Path) -> None:
    """As the how-to has it."""
    file = house.server.config.parent / "doorward.sqlite"
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    file.write_bytes(backup.read_bytes())


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

    restore(house, backup)
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
