"""Secrets of a developer's machine."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from doorward.config.dev import DEFAULT_SCHEMA, DevSecretsUnreadable, with_dev_secrets
from doorward.config.model import Config, SecretsConfig
from doorward.config.secrets import Secret


def test_secrets_are_made_once_readable_by_the_owner_alone(tmp_path: Path) -> None:
    database = tmp_path / "doorward.sqlite"

    first = with_dev_secrets(Config(), database)
    second = with_dev_secrets(Config(), database)

    file = tmp_path / "doorward.sqlite.dev-secrets.json"
    assert first.secrets == second.secrets
    assert len(first.secrets.cipher[0].reveal()) == 32
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: with_dev_secrets(Config(), tmp_path / "d.sqlite").secrets, range(16)))

    assert len(set(made)) == 1


def test_secrets_that_were_given_stay(tmp_path: Path) -> None:
    given = SecretsConfig(cookie=(Secret("mine"),))

    completed = with_dev_secrets(Config(secrets=given), tmp_path / "d.sqlite").secrets

    assert completed.cookie == (Secret("mine"),)
    assert completed.cipher


def test_a_database_in_memory_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert with_dev_secrets(Config(), None).secrets.cipher
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{}", "[]", "no JSON"])
def test_a_broken_key_file_is_an_error_that_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "d.sqlite.dev-secrets.json").write_text(content)

    with pytest.raises(DevSecretsUnreadable, match="delete it together with the database"):
        with_dev_secrets(Config(), tmp_path / "d.sqlite")


def test_the_default_schema_declares_consent_with_its_text() -> None:
    traits = json.loads(DEFAULT_SCHEMA.read_text())["properties"]["traits"]["properties"]

    assert traits["newsletter"]["doorward"]["consent"]["purpose"] == "marketing"
    assert traits["newsletter"]["doorward"]["consent"]["text"]
    assert traits["newsletter"]["default"] is False


def test_a_server_goes_on_with_the_secrets_that_it_made() -> None:
    """On PostgreSQL there is no file beside the database: a reload must not lose the key of what is stored."""
    first = with_dev_secrets(Config(), None)

    again = with_dev_secrets(Config(), None, first)

    assert again.secrets.for_cipher() == first.secrets.for_cipher()
    assert again.secrets.for_cookie() == first.secrets.for_cookie()
    assert with_dev_secrets(Config(), None).secrets.for_cipher() != first.secrets.for_cipher()
