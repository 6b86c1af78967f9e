"""`doorward deliveries`, as it is typed, on a database with a queue in it."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from doorward.cli.main import main

CONFIG = """\
dsn: sqlite://{folder}/doorward.sqlite
actions:
  - name: tell
    on: [identity.created]
    hook: web_hook
    config: {{url: "http://127.0.0.1:9/", method: POST, body: "base64://ZnVuY3Rpb24oY3R4KSBjdHg="}}
"""


class Program:
    """The program with a configuration of its own."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def run(self, *words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, [*words, "--config", str(self.file), "--dev"])
        assert result.exit_code == code, result.output
        return result

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json").stdout)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DOORWARD_CONFIG", raising=False)
    file = tmp_path / "doorward.yml"
    file.write_text(CONFIG.format(folder=tmp_path))
    program = Program(file)
    for name in ("ada", "bob"):
        program.run("identities", "create", json.dumps({"email": f"{name}@example.org"}))
    return program


def test_a_list_has_rows_counts_and_filters(program: Program) -> None:
    found = program.json("deliveries", "list")
    assert found["counts"]["pending"] == 2
    assert [each["action"] for each in found["deliveries"]] == ["tell", "tell"]
    newest, oldest = found["deliveries"]
    assert newest["created_at"] >= oldest["created_at"]
    assert program.json("deliveries", "list", "--limit", "1", "--before", newest["id"])["deliveries"] == [oldest]
    assert program.json("deliveries", "list", "--identity", oldest["identity_id"])["deliveries"] == [oldest]
    assert program.json("deliveries", "list", "--state", "dead")["deliveries"] == []
    assert program.json("deliveries", "list", "--destination", "elsewhere")["deliveries"] == []
    assert len(program.json("deliveries", "list", "--since", "1h", "--action", "tell")["deliveries"]) == 2
    assert "2 pending" in program.run("deliveries", "list").output


def test_the_payload_is_shown_only_when_asked_for_and_that_is_written_down(program: Program) -> None:
    (row, *_) = program.json("deliveries", "list")["deliveries"]
    hidden = program.run("deliveries", "show", row["id"])
    assert "example.org" not in hidden.output
    shown = program.json("deliveries", "show", row["id"], "--reveal")
    assert shown["context"]["identity"]["traits"]["email"] == "bob@example.org"
    assert shown["attempts_made"] == []


def test_giving_up_and_sending_again(program: Program) -> None:
    rows = program.json("deliveries", "list")["deliveries"]
    ids = [each["id"] for each in rows]
    refused = program.run("deliveries", "replay", ids[0], code=1)
    assert "not_replayable" in refused.output
    assert program.json("deliveries", "discard", *ids, "--why", "a test") == {"discarded": 2}
    found = program.json("deliveries", "show", ids[0])
    assert (found["state"], found["reason_code"]) == ("cancelled", "discarded")
    assert found["reason"].endswith("a test")
    assert program.json("deliveries", "replay", ids[0]) == {"replayed": 1, "shredded": 0, "superseded": 0}
    assert program.json("deliveries", "replay", "--state", "cancelled", "--yes")["replayed"] == 1
    assert program.json("deliveries", "list")["counts"]["pending"] == 2


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("show", str(uuid4())), 1, "delivery_not_found"),
        (("replay", str(uuid4())), 1, "delivery_not_found"),
        (("discard", str(uuid4())), 1, "delivery_not_found"),
        (("show", "nonsense"), 2, "not a valid UUID"),
        (("list", "--state", "nonsense"), 2, "Invalid value"),
        (("list", "--since", "yesterday"), 1, "is no moment"),
        (("replay",), 2, "Name deliveries"),
        (("discard",), 2, "Name deliveries"),
    ],
)
def test_what_is_wrong_is_a_sentence(program: Program, words: tuple[str, ...], code: int, says: str) -> None:
    result = program.run("deliveries", *words, code=code)
    assert says in result.output
    assert "Traceback" not in result.output


def test_tail_tells_what_happened_just_now(program: Program) -> None:
    lines = program.run("deliveries", "tail", "--for", "0.1", "--json").stdout.splitlines()
    assert [json.loads(line)["state"] for line in lines] == ["pending", "pending"]
    assert "pending" in program.run("deliveries", "tail", "--for", "0.1").output


def test_an_action_rests_and_goes_on(program: Program) -> None:
    program.run("pauses", "pause", "action", "tell", "--reason", "moving house")
    (paused,) = program.json("pauses", "list")
    assert (paused["scope"], paused["name"], paused["reason"]) == ("action", "tell", "moving house")
    program.run("pauses", "resume", "action", "tell")
    assert "not_paused" in program.run("pauses", "resume", "action", "tell", code=1).output
    assert program.json("pauses", "list") == []


def test_what_the_filters_choose_is_given_up(program: Program) -> None:
    one = program.json("deliveries", "list", "--limit", "1")["deliveries"][0]
    assert program.json("deliveries", "discard", "--state", "pending", "--identity", one["identity_id"], "--yes") == {
        "discarded": 1
    }
    assert program.json("deliveries", "list")["counts"]["pending"] == 1
