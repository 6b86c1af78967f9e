"""The reference page and the examples say what the code does."""

from pathlib import Path

import pytest

from doorward.config.keys import list_keys
from doorward.config.kratos import TABLE
from doorward.config.load import load
from doorward.config.model import Config
from doorward.config.plugins import Plugins
from doorward.config.reference import render

ROOT = Path(__file__).parents[3]
ENV = {
    "DSN": "memory",
    "COOKIE_SECRET": "cookie-secret-0001",
    "CIPHER_SECRET": "cipher-secret-of-thirty-two-chars",
    "HUBSPOT_TOKEN": "token",
    "HUBSPOT_BEARER": "Bearer token",
}


def test_the_page_is_what_the_code_says() -> None:
    assert (ROOT / "docs/reference/configuration.md").read_text() == render(), "run scripts/generate_reference.py"


def test_every_key_has_a_sentence_and_every_entry_a_line() -> None:
    keys = list(list_keys(Config, Plugins().settings_by_path()))
    page = render()

    assert [key.path for key in keys if not key.about.doc and key.path != "<name>"] == []
    assert [entry.path for entry in TABLE if f"`{entry.path}`" not in page] == []


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*.yml")), ids=lambda file: file.name)
def test_every_example_loads(file: Path) -> None:
    assert load(file, ENV).errors == ()
