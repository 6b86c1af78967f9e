"""The commands that an operator types, on a database that a server uses at the same time."""

import itertools
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from bad_input_page import require_row
from running import BIN, PASSWORD, Program, Server, Simulator, connected, running, until

pytestmark = pytest.mark.slow

NEW, OLD = "n" * 32, "o" * 32


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("commands")
    server = Server(folder, f"dsn: sqlite://{folder}/doorward.sqlite\n", "--dev")
    with running(server):
        yield server


def refused(server: Server, *arguments: str) -> str:
    """What a command that must fail said."""
    done = server.command(*arguments)
    assert done.returncode in (1, 2), done.stdout
    assert "Traceback" not in done.stderr
    assert not done.stdout
    return done.stderr


def test_an_identity_from_its_creation_to_its_end(server: Server) -> None:
    made = server.told("identities", "create", '{"email": "ada@example.org", "name": {"first": "Ada"}}')
    identity = made["id"]
    assert server.told("identities", "get", identity)["traits"]["email"] == "ada@example.org"
    assert identity in [each["id"] for each in server.told("identities", "list")]
    changed = server.told("identities", "patch", identity, '{"traits": {"name": {"first": "Grace"}}}')
    assert changed["traits"] == {"email": "ada@example.org", "name": {"first": "Grace"}}
    server.told("identities", "delete", identity, "--yes")
    assert "identity_not_found" in refused(server, "identities", "get", identity)


def test_a_password_is_read_from_the_terminal_and_never_from_the_command_line(server: Server) -> None:
    server.told("identities", "create", '{"email": "kim@example.org"}', "--password", stdin=f"{PASSWORD}\n")
    shown = server.command("identities", "list", "--json").stdout
    assert PASSWORD not in shown
    assert "$argon2" not in shown
    assert server.sign_up("kim@example.org").status == 400


@pytest.mark.parametrize(
    ("what", "arguments", "code"),
    [
        ("Traits that are no JSON", ("create", "{email"), "invalid_input"),
        ("Traits that the schema refuses", ("create", '{"email": "no address"}'), "invalid_traits"),
        ("An address that is taken", ("create", '{"email": "taken@example.org"}'), "identifier_taken"),
        ("An identity that is not there", ("get", str(uuid4())), "identity_not_found"),
        ("A field that cannot be changed", ("patch", str(uuid4()), '{"id": 1}'), "invalid_input"),
        ("A schema that is not there", ("create", "{}", "--schema", "nope"), "unknown_schema"),
    ],
)
def test_a_mistake_is_a_sentence_with_an_id(server: Server, what: str, arguments: tuple[str, ...], code: str) -> None:
    server.sign_up("taken@example.org")
    said = refused(server, "identities", *arguments)
    assert f"[{code}]" in said
    require_row(f"`doorward identities`: {what[0].lower()}{what[1:]}", f"`{code}`")


def test_migrations_are_told_before_they_are_applied(tmp_path: Path) -> None:
    fresh = Server(tmp_path, f"dsn: sqlite://{tmp_path}/doorward.sqlite\n", "--dev")
    pending = fresh.told("migrate", "--dry-run")["pending"]
    assert pending
    assert fresh.told("migrate")["applied"] == pending
    assert fresh.told("migrate")["applied"] == []


def test_actions_are_listed_checked_and_tried(tmp_path: Path, simulator: Simulator) -> None:
    server = connected(tmp_path, simulator, f"dsn: sqlite://{tmp_path}/doorward.sqlite\n")
    assert [each["name"] for each in server.told("actions", "list")] == ["hubspot", "hubspot-removal"]
    linted = {each["name"]: each["result"] for each in server.told("actions", "lint")}
    assert linted == {"hubspot": "ok", "hubspot-removal": "no template"}
    rendered = server.command("actions", "render", "hubspot")
    assert json.loads(rendered.stdout)["properties"]["email"]
    assert "action_not_found" in refused(server, "actions", "render", "nope")
    (tmp_path / "hubspot_contact.jsonnet").write_text("function(ctx) {a: ")
    assert server.command("actions", "lint").returncode == 1


def test_a_dead_letter_is_shown_corrected_and_sent_again(tmp_path: Path, simulator: Simulator) -> None:
    server = connected(tmp_path, simulator, f"dsn: sqlite://{tmp_path}/doorward.sqlite\n")
    template = tmp_path / "hubspot_contact.jsonnet"
    good = template.read_text()
    template.write_text("function(ctx) {properties: ctx.no}")
    with running(server):
        assert server.sign_up("ada@example.org", newsletter=True).status == 200
        until("the dead letter", lambda: not server.open_deliveries())
        dead = server.told("deliveries", "list", "--state", "dead")["deliveries"][0]
        shown = server.told("deliveries", "show", dead["id"])
        assert "ada@example.org" not in json.dumps(shown)
        assert "ada@example.org" in json.dumps(server.told("deliveries", "show", dead["id"], "--reveal"))
        template.write_text(good)
        server.reload()
        server.told("deliveries", "replay", dead["id"], "--yes")
        until("the contact", lambda: simulator.find_contact("ada@example.org"))
        until("the end", lambda: not server.open_deliveries())
        assert server.told("deliveries", "list")["counts"]["delivered"] == 1


def test_deliveries_are_followed_as_they_happen(tmp_path: Path, simulator: Simulator) -> None:
    server = connected(tmp_path, simulator, f"dsn: sqlite://{tmp_path}/doorward.sqlite\n")
    follow = [str(BIN / "doorward"), "deliveries", "tail", "--json", "--dev", "--config", str(server.config)]
    tail = Program(follow, tmp_path / "tail.log")
    emails = (f"p{number}@example.org" for number in itertools.count())

    def has_told() -> bool:
        assert server.sign_up(next(emails), newsletter=True).status == 200
        return any(json.loads(line)["state"] == "delivered" for line in tail.log.read_text().splitlines())

    with running(server, tail):
        until("a line", has_told)
        assert "example.org" not in tail.log.read_text()


def test_a_waiting_delivery_is_given_up_with_a_reason(tmp_path: Path, simulator: Simulator) -> None:
    server = connected(tmp_path, simulator, f"dsn: sqlite://{tmp_path}/doorward.sqlite\n")
    with running(server):
        simulator.kill()
        assert server.sign_up("ada@example.org", newsletter=True).status == 200
        until("a try", lambda: server.open_deliveries() == {"retryable": 1})
        tried = server.told("deliveries", "list", "--state", "retryable")["deliveries"][0]
        server.told("deliveries", "discard", tried["id"], "--why", "asked to")
        counts = server.told("deliveries", "list")["counts"]
        assert counts["cancelled"] == 1
        assert "asked to" in json.dumps(server.told("deliveries", "show", tried["id"]))


def test_secrets_are_rotated_and_what_waits_can_still_be_read(tmp_path: Path, simulator: Simulator) -> None:
    file = tmp_path / "doorward.sqlite"
    server = connected(tmp_path, simulator, f"dsn: sqlite://{file}\nsecrets: {{cookie: ['{'c' * 32}']}}\n")
    server.environment = {"SECRETS_CIPHER": json.dumps([OLD])}
    simulator.arm("reset", match={"path": "/batch/"})
    with running(server):
        for number in range(3):
            assert server.sign_up(f"p{number}@example.org", newsletter=True).status == 200
    before = _wrapped_keys(file)
    server.environment = {"SECRETS_CIPHER": json.dumps([NEW, OLD])}
    assert server.told("secrets", "rotate") == {"checked": 3, "rewrapped": 3, "unreadable": 0}
    assert server.told("secrets", "rotate") == {"checked": 3, "rewrapped": 0, "unreadable": 0}
    assert not before & _wrapped_keys(file)
    server.environment = {"SECRETS_CIPHER": json.dumps([NEW])}
    simulator.disarm()
    with running(server):
        until("every contact", lambda: len(simulator.emails()) == 3)


def _wrapped_keys(file: Path) -> set[bytes]:
    with sqlite3.connect(file) as database:
        found = {bytes(row[0]) for row in database.execute("SELECT wrapped_key FROM identity_keys")}
    database.close()
    return found
