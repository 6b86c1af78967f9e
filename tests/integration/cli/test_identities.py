"""`doorward identities import` and `export`, as they are typed: no good line is lost, none is stored twice."""

import asyncio
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from doorward.cli import import_run
from doorward.cli.import_state import ImportState, write_state
from doorward.cli.main import main
from doorward.clock import SystemClock
from doorward.identities.query import find_ids_by_email
from doorward.storage.engine import open_database

HASH = "$md5$2aw16sQzf8i/5zCkxAQukg=="


class Program:
    """The program on a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dsn = f"sqlite://{folder}/doorward.sqlite"
        self.config = folder / "doorward.yml"
        self.config.write_text(json.dumps({"dsn": self.dsn}))

    def run(self, *words: str, code: int = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(main, ["identities", *words, "--config", str(self.config), "--dev"], input=stdin)
        assert result.exit_code == code, result.output
        return result

    def file(self, name: str, rows: Iterable[Any]) -> str:
        path = self.folder / name
        path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
        return str(path)

    def emails(self) -> list[str]:
        lines = self.run("export").stdout.splitlines()
        return sorted(json.loads(line)["traits"]["email"] for line in lines)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def person(number: int, **more: Any) -> dict[str, Any]:
    return {"traits": {"email": f"p{number}@example.org"}, **more}


def told(result: Result) -> Iterator[Any]:
    return (json.loads(line) for line in result.stdout.splitlines())


def test_good_lines_are_stored_and_bad_ones_named_and_kept(program: Program) -> None:
    rows = [
        person(1, credentials={"password": {"config": {"hashed_password": HASH}}}),
        {"traits": {"email": "bad"}},
        "",
        "{no json",
        person(2),
        person(1),
        {"traits": {"email": "nul\u0000@example.org"}},
        person(3, unknown=1),
        person(4, credentials={"password": {"config": {"hashed_password": "nonsense"}}}),
        person(5, credentials={"password": {"config": {"password": "s3cret-horse-battery"}}}),
    ]
    rejects = program.folder / "rejects.jsonl"
    result = program.run("import", program.file("in.jsonl", rows), "--json", "--rejects", str(rejects), code=1)
    *refused, last = told(result)
    assert [(each["line"], each["error"]["code"]) for each in refused] == [
        (2, "invalid_traits"),
        (4, "unreadable_row"),
        (6, "already_taken"),
        (7, "unstorable_value"),
        (8, "malformed_body"),
        (9, "unknown_hash"),
    ]
    assert last == {"summary": {"imported": 3, "skipped": 0, "rejected": 6}}
    assert "s3cret" not in result.output
    kept = rejects.read_text().splitlines()
    assert kept == [row if isinstance(row, str) else json.dumps(row) for row in (rows[1], *rows[3:4], *rows[5:9])]
    assert program.emails() == ["p1@example.org", "p2@example.org", "p5@example.org"]


@pytest.mark.parametrize("batch_size", ["1", "3", "1000"])
def test_an_export_is_imported_elsewhere_as_it_was(program: Program, tmp_path: Path, batch_size: str) -> None:
    rows = [
        person(
            number,
            external_id=f"e{number}",
            metadata_admin={"n": number},
            credentials={"password": {"config": {"hashed_password": HASH}}},
            verifiable_addresses=[{"value": f"p{number}@example.org", "via": "email", "verified": True}],
        )
        for number in range(7)
    ]
    program.run("import", program.file("in.jsonl", rows), "--batch-size", batch_size)
    exported = program.folder / "out.jsonl"
    program.run("export", "--credentials", "--output", str(exported))
    assert exported.stat().st_mode & 0o077 == 0
    (tmp_path / "other").mkdir()
    other = Program(tmp_path / "other")
    other.run("import", str(exported), "--keep-ids")
    again = other.run("export", "--credentials").stdout

    def lasting(text: str) -> list[Any]:
        moving = ("created_at", "updated_at", "state_changed_at")

        def without_moving(found: dict[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in found.items() if name not in moving}

        return [json.loads(line, object_hook=without_moving) for line in text.splitlines()]

    left, right = lasting(exported.read_text()), lasting(again)
    for each in (*left, *right):
        for address in (*each["verifiable_addresses"], *each["recovery_addresses"]):
            address.pop("id")
            address.pop("verified_at", None)
    assert left == right


def test_an_import_can_be_typed_again(program: Program) -> None:
    file = program.file("in.jsonl", [person(n, external_id=f"e{n}") for n in range(5)])
    state = str(program.folder / "state")
    program.run("import", file, "--resume", state)
    assert list(told(program.run("import", file, "--resume", state, "--json"))) == [
        {"summary": {"imported": 0, "skipped": 0, "rejected": 0}}
    ]
    assert list(told(program.run("import", file, "--skip-existing", "--json"))) == [
        {"summary": {"imported": 0, "skipped": 5, "rejected": 0}}
    ]


@pytest.mark.parametrize("was_committed", [True, False])
def test_an_interrupted_batch_is_neither_lost_nor_stored_twice(
    program: Program, monkeypatch: pytest.MonkeyPatch, was_committed: bool
) -> None:
    rows = [{"traits": {"email": f"p{n}@example.org"}} for n in range(10)]
    file, state = program.file("in.jsonl", rows), program.folder / "state"
    stored = import_run.ImportRun._stored
    calls = 0

    async def dying(run: import_run.ImportRun, drafts: list[import_run.Drafted]) -> list[import_run.Settled]:
        nonlocal calls
        calls += 1
        if calls == 3 and not was_committed:
            raise KeyboardInterrupt
        result = await stored(run, drafts)
        if calls == 3:
            raise KeyboardInterrupt
        return result

    with monkeypatch.context() as patch:
        patch.setattr(import_run.ImportRun, "_stored", dying)
        program.run("import", file, "--batch-size", "2", "--resume", str(state), code=1)
    assert len(program.emails()) == (6 if was_committed else 4)
    *refused, last = told(program.run("import", file, "--batch-size", "2", "--resume", str(state), "--json"))
    assert refused == []
    assert last["summary"]["imported"] == 6
    assert program.emails() == sorted(row["traits"]["email"] for row in rows)


def test_a_check_stores_nothing(program: Program) -> None:
    file = program.file("in.jsonl", [person(1), {"traits": {}}])
    *refused, last = told(program.run("import", file, "--check", "--json", code=1))
    assert [each["line"] for each in refused] == [2]
    assert last["summary"] == {"imported": 1, "skipped": 0, "rejected": 1}
    assert program.emails() == []


def test_standard_input_and_output(program: Program) -> None:
    assert "1 imported" in program.run("import", stdin=json.dumps(person(1))).output
    assert program.emails() == ["p1@example.org"]


def test_an_export_goes_on_where_it_was_cut(program: Program) -> None:
    program.run("import", program.file("in.jsonl", [person(n) for n in range(6)]))
    output = program.folder / "out.jsonl"
    program.run("export", "-o", str(output))
    whole = output.read_bytes()
    for cut in (0, 10, whole.index(b"\n"), whole.index(b"\n") + 1, len(whole) - 1, len(whole)):
        output.write_bytes(whole[:cut])
        program.run("export", "-o", str(output), "--resume")
        assert output.read_bytes() == whole
    output.write_text("nonsense\n")
    assert "not_an_export" in program.run("export", "-o", str(output), "--resume", code=1).output


def test_all_that_a_file_names_are_deleted(program: Program) -> None:
    program.run("import", program.file("in.jsonl", [person(n) for n in range(4)]))
    exported = [json.loads(line) for line in program.run("export").stdout.splitlines()]
    nobody = "11111111-1111-4111-8111-111111111111"
    rows = [exported[0]["id"], exported[1], "", nobody, "nonsense", "{}", "{", json.dumps(exported[2]["id"])]
    *refused, last = told(program.run("delete", "--yes", "--json", "--file", program.file("ids", rows), code=1))
    assert [(each["line"], each["error"]["code"]) for each in refused] == [
        (4, "identity_not_found"),
        (5, "no_identity_named"),
        (6, "no_identity_named"),
        (7, "no_identity_named"),
    ]
    assert last == {"summary": {"deleted": 3, "rejected": 4}}
    assert program.emails() == [exported[3]["traits"]["email"]]


def test_a_state_of_another_file_is_refused(program: Program) -> None:
    state = program.folder / "state"
    write_state(state, ImportState("/elsewhere", 3))
    refused = program.run("import", program.file("in.jsonl", [person(1)]), "--resume", str(state), code=1)
    assert "other_source" in refused.output


def test_every_import_is_announced_with_its_source(program: Program) -> None:
    program.config.write_text(
        json.dumps(
            {
                "dsn": program.dsn,
                "actions": [
                    {
                        "name": "tell",
                        "on": ["identity.created"],
                        "hook": "web_hook",
                        "config": {"url": "http://127.0.0.1:9/", "method": "POST", "body": "base64://e30="},
                    }
                ],
            }
        )
    )
    result = program.run("import", program.file("in.jsonl", [person(1), {"traits": {"email": "bad"}}]), code=1)
    assert "1 imported" in result.output

    async def events() -> list[tuple[str, str]]:
        database = open_database(program.dsn, SystemClock())
        await database.start()
        try:
            ids = await find_ids_by_email(database.reader, "p1@example.org")
            rows = await database.reader.fetch_all("SELECT identity_id, kind, source FROM events")
            assert [str(row["identity_id"]) for row in rows] == [str(each) for each in ids]
            return [(row["kind"], row["source"]) for row in rows]
        finally:
            await database.close()

    assert asyncio.run(events()) == [("identity.created", "import")]
