"""A Kratos file as a Doorward file."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from doorward.config.convert import convert
from doorward.config.load import load

WRITTEN = """\
# Our Kratos.
dsn: sqlite:///kratos.sqlite   # old
profiling: cpu
log: {level: info, leak_sensitive_values: true}
identity: {schemas: [{id: default, url: "file://person.json"}]}
selfservice:
  default_browser_return_url: http://a.example/
  methods:
    link: {enabled: true, config: {base_url: "http://b.example", lifespan: 5m}}
"""
SECRETS: Mapping[str, str] = {
    "DOORWARD_COOKIE_SECRET": "cookie-secret-0001",
    "DOORWARD_CIPHER_SECRET": "cipher-secret-of-thirty-two-chars",
}


@pytest.fixture
def kratos(tmp_path: Path) -> Path:
    file = tmp_path / "kratos.yml"
    file.write_text(WRITTEN)
    return file


def test_the_converted_file_loads_without_a_word(kratos: Path) -> None:
    made = kratos.with_name("doorward.yml")
    made.write_text(convert(kratos).text)

    loaded = load(made, SECRETS)

    assert loaded.problems == ()
    assert loaded.config.selfservice.methods["link"].config == {"lifespan": "5m"}


def test_every_change_is_told_in_the_file(kratos: Path) -> None:
    converted = convert(kratos)

    assert {change.path for change in converted.changes} == {
        "dsn",
        "profiling",
        "log.leak_sensitive_values",
        "selfservice.methods.link.config.base_url",
        "serve.admin.host",
        "hashers.algorithm",
        "secrets.cookie",
        "secrets.cipher",
    }
    assert all(f"# {change.path}: {change.text}" in converted.text for change in converted.changes)
    assert "# Our Kratos." in converted.text
    assert "# old" in converted.text
    assert kratos.read_text() == WRITTEN


def test_an_open_admin_port_is_told(kratos: Path) -> None:
    kratos.write_text(WRITTEN + "serve: {admin: {host: 0.0.0.0, tls: {cert: {path: a}}}}\n")

    told = {change.path: change.text for change in convert(kratos).changes}

    assert "serve.admin.api_keys" in told
    assert "tls:" in convert(kratos).text


def test_mysql_is_said_to_be_foreign(kratos: Path) -> None:
    kratos.write_text(WRITTEN.replace("sqlite:///kratos.sqlite", "mysql://u:hush@h/d"))

    assert any("MySQL" in change.text for change in convert(kratos).changes)
    assert not any("hush" in change.text for change in convert(kratos).changes)


def test_warnings_of_the_file_are_told_too(kratos: Path) -> None:
    kratos.write_text(WRITTEN + "  flows: {login: {after: {hooks: [{hook: sesion}]}}}\n")

    converted = convert(kratos, load(kratos, {}).warnings)

    assert "selfservice.flows.login.after.hooks.0" in {change.path for change in converted.changes}
    assert len([change for change in converted.changes if change.path == "profiling"]) == 1
