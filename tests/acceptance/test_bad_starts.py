"""What an operator gets wrong before the first request: each is a sentence with what to do, an id, and exit code 1."""

import os
import socket
import sqlite3
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from bad_input_page import code_of, require_row
from running import BIN, free_port

pytestmark = pytest.mark.slow


def started(folder: Path, config: str, *options: str, env: Mapping[str, str] | None = None) -> str:
    """Starts a server that must refuse; what it said."""
    file = folder / "doorward.yml"
    file.write_text(config)
    done = subprocess.run(
        [str(BIN / "doorward"), "serve", "--config", str(file), *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **(env or {})},
        cwd=folder,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Traceback" not in said
    return said


def on_free_ports(folder: Path, dsn: str) -> str:
    return f"""
dsn: {dsn}
serve:
  public: {{host: 127.0.0.1, port: {free_port()}}}
  admin: {{port: {free_port()}}}
"""


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ports = f"serve: {{public: {{host: 127.0.0.1, port: {port}}}, admin: {{port: 0}}}}\n"
        config = f"dsn: sqlite://{tmp_path}/d.sqlite\n{ports}"
        said = started(tmp_path, config, "--dev")
    assert str(port) in said
    require_row("A port that another program has", code_of(said))


@pytest.mark.parametrize(
    ("what", "dsn", "word"),
    [
        ("A `mysql://` dsn", "mysql://u:hunter2secret@db/x", "MySQL"),
        ("A dsn of another database", "oracle://u:hunter2secret@db/x", "scheme"),
        ("A dsn that is none", "nonsense", "scheme"),
        ("A PostgreSQL that does not answer", "postgres://u:hunter2secret@127.0.0.1:1/x", "127.0.0.1"),
        ("An SQLite file in a folder that is not there", "sqlite:///no/such/folder/d.sqlite", "/no/such/folder"),
    ],
)
def test_a_wrong_dsn_is_named_and_its_password_is_not(tmp_path: Path, what: str, dsn: str, word: str) -> None:
    said = started(tmp_path, on_free_ports(tmp_path, f'"{dsn}"'), "--dev")
    assert word in said
    assert "hunter2secret" not in said
    require_row(what, code_of(said))


def test_kratos_own_database_is_refused_with_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "kratos.sqlite"
    with sqlite3.connect(file) as database:
        for table in ("identities", "networks", "schema_migration", "selfservice_login_flows"):
            database.execute(f"CREATE TABLE {table} (id TEXT)")
    database.close()
    said = started(tmp_path, on_free_ports(tmp_path, f"sqlite://{file}"), "--dev")
    assert "Kratos" in said
    require_row("Kratos's own database as dsn", code_of(said))


def test_every_wrong_key_is_named_at_once(tmp_path: Path) -> None:
    config = (
        on_free_ports(tmp_path, f"sqlite://{tmp_path}/d.sqlite")
        + """
sesion: {lifespan: 1h}
delivery: {lease_s: soon}
hashers: {algorithm: md5}
"""
    )
    said = started(tmp_path, config, "--dev")
    for path in ("sesion", "delivery.lease_s", "hashers.algorithm"):
        assert path in said
    assert "session" in said
    require_row("Keys that are unknown or have wrong values: all at once, each with its path", code_of(said))


def test_a_missing_schema_file_is_named(tmp_path: Path) -> None:
    config = (
        on_free_ports(tmp_path, f"sqlite://{tmp_path}/d.sqlite")
        + """
identity: {default_schema_id: person, schemas: [{id: person, url: "file://not-there.json"}]}
selfservice: {default_browser_return_url: "http://127.0.0.1/"}
"""
    )
    said = started(tmp_path, config, "--dev")
    assert "not-there.json" in said
    require_row("An identity schema that is not there", code_of(said))


def test_without_secrets_outside_dev_the_line_to_add_is_printed(tmp_path: Path) -> None:
    config = (
        on_free_ports(tmp_path, f"sqlite://{tmp_path}/d.sqlite")
        + """
identity: {default_schema_id: person, schemas: [{id: person, url: "base64://e30="}]}
selfservice: {default_browser_return_url: "http://127.0.0.1/"}
"""
    )
    said = started(tmp_path, config)
    assert "secrets" in said
    assert "cipher" in said
    require_row("No secrets, outside `--dev`", code_of(said))


def test_an_outdated_schema_is_refused_with_the_command(tmp_path: Path) -> None:
    config = (
        on_free_ports(tmp_path, f"sqlite://{tmp_path}/d.sqlite")
        + f"""
secrets: {{cookie: [{"c" * 32}], cipher: [{"k" * 32}]}}
identity: {{default_schema_id: person, schemas: [{{id: person, url: "file://{tmp_path}/person.json"}}]}}
selfservice: {{default_browser_return_url: "http://127.0.0.1/"}}
"""
    )
    (tmp_path / "person.json").write_text('{"type": "object", "properties": {"traits": {"type": "object"}}}')
    said = started(tmp_path, config)
    assert "doorward migrate" in said
    require_row("A database that was not migrated, outside `--dev`", code_of(said))


def test_a_schema_that_is_no_json_schema_is_named(tmp_path: Path) -> None:
    (tmp_path / "person.json").write_text('{"type": "object", "properties": {"traits": {"type": "objekt"}}}')
    config = (
        on_free_ports(tmp_path, f"sqlite://{tmp_path}/d.sqlite")
        + """
identity: {default_schema_id: person, schemas: [{id: person, url: "file://person.json"}]}
"""
    )
    said = started(tmp_path, config, "--dev")
    assert "person" in said
    require_row("An identity schema that is no JSON Schema", code_of(said))


def test_a_file_that_is_not_there_or_no_yaml_is_named(tmp_path: Path) -> None:
    said = started(tmp_path, "serve: [", "--dev")
    assert "doorward.yml" in said
    require_row("A configuration that is no YAML", code_of(said))
    missing = subprocess.run(
        [str(BIN / "doorward"), "serve", "--config", str(tmp_path / "other.yml")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert missing.returncode == 1
    assert "other.yml" in missing.stderr
    assert "Traceback" not in missing.stderr
    require_row("A configuration that is not there", code_of(missing.stderr))


def test_commands_cannot_reach_a_database_in_memory_and_say_so(tmp_path: Path) -> None:
    (tmp_path / "doorward.yml").write_text("dsn: memory\n")
    done = subprocess.run(
        [str(BIN / "doorward"), "identities", "list", "--dev", "--config", str(tmp_path / "doorward.yml")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "memory" in done.stderr
    require_row("A command while the dsn is `memory`", code_of(done.stderr))
