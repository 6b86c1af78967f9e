"""What connect writes: a token that nobody else can read, a template that renders, a configuration that loads."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from doorward.actions.rendering import Limits, Rendered
from doorward.actions.sandbox import Sandbox
from doorward.config.load import load
from doorward.config.plugins import Plugins
from doorward.config.secrets import Secret
from doorward.connectors.hubspot.setup_files import Plan, actions, fingerprint, write_files, write_token
from doorward.connectors.hubspot.setup_template import first_template
from doorward.connectors.registry import DESTINATION_CHECKS, HOOK_CHECKS
from doorward.identities.schema_fields import read_fields

TOKEN = Secret("pat-na1-00000000-0000-4000-8000-000000000001")
FILE = """\
# Ours, and commented.
dsn: memory
dev: true  # a laptop
"""


def plan_in(folder: Path) -> Plan:
    return Plan(
        folder / "doorward.yml",
        "hubspot",
        "62515000",
        "http://127.0.0.1:4480",
        "2026-03",
        fingerprint(TOKEN),
        {"consent": "marketing"},
        "T",
    )


def test_the_configuration_keeps_its_comments_and_loads(tmp_path: Path) -> None:
    plan = plan_in(tmp_path)
    plan.config_file.write_text(FILE)
    written = write_files(plan, TOKEN)
    assert written.block is None
    text = plan.config_file.read_text()
    assert text.startswith(FILE)
    assert TOKEN.reveal() not in text
    loaded = load(plan.config_file, {}, {}, Plugins(hooks=HOOK_CHECKS, connectors=DESTINATION_CHECKS))
    assert not loaded.errors
    assert loaded.config.destinations["hubspot"].settings["token"] == TOKEN
    assert [action.on for action in loaded.config.actions] == [
        ("identity.created", "identity.updated"),
        ("identity.deleted",),
    ]


def test_a_second_time_changes_nothing_and_keeps_what_a_person_changed(tmp_path: Path) -> None:
    plan = plan_in(tmp_path)
    write_files(plan, TOKEN)
    text = plan.config_file.read_text().replace("on_delete: archive", "on_delete: keep")
    plan.config_file.write_text(text)
    plan.template_file.write_text("mine")
    written = write_files(plan, TOKEN)
    assert not written.is_template_new
    assert plan.config_file.read_text() == text
    assert plan.template_file.read_text() == "mine"


def test_a_new_token_changes_the_configuration_and_removes_the_old_one(tmp_path: Path) -> None:
    plan, new = plan_in(tmp_path), Secret("pat-na1-new")
    write_files(plan, TOKEN)
    before = plan.config_file.read_text()
    changed = replace(plan, token_id=fingerprint(new))
    write_files(changed, new)
    assert plan.config_file.read_text() != before
    assert [each.name for each in tmp_path.glob("*.token")] == [changed.token_file.name]
    assert changed.token_file.read_text().strip() == new.reveal()


def test_a_file_that_cannot_be_edited_gives_the_block_to_paste(tmp_path: Path) -> None:
    plan = plan_in(tmp_path)
    plan.config_file.write_text("- no mapping\n")
    written = write_files(plan, TOKEN)
    assert written.block is not None
    assert "portal_id" in written.block
    assert "identity.created" in written.block
    assert TOKEN.reveal() not in written.block
    assert plan.config_file.read_text() == "- no mapping\n"


def test_only_this_user_reads_the_token(tmp_path: Path) -> None:
    file = tmp_path / "hubspot.token"
    file.write_text("old")
    file.chmod(0o644)
    write_token(file, TOKEN)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().strip() == TOKEN.reveal()
    assert [each.name for each in tmp_path.iterdir()] == ["hubspot.token"]


def test_the_removal_sends_nobodys_data(tmp_path: Path) -> None:
    assert actions(plan_in(tmp_path))[1]["config"] == {"destination": "hubspot", "on_delete": "archive"}


@pytest.mark.parametrize(
    ("properties", "traits", "expected"),
    [
        (
            {
                "email": {"type": "string", "format": "email"},
                "name": {"type": "object", "properties": {"first": {"type": "string"}, "last": {"type": "string"}}},
            },
            {"email": "a@x.example", "name": {"first": "Ada"}},
            {"email": "a@x.example", "firstname": "Ada"},
        ),
        (
            {"mail": {"type": "string", "format": "email"}, "last_name": {"type": "string"}},
            {"mail": "a@x.example", "last_name": "L"},
            {"email": "a@x.example", "lastname": "L"},
        ),
        (
            {
                "email": {"type": "string", "format": "email"},
                "name": {"type": "object", "properties": {"first": {"type": "string"}, "last": {"type": "string"}}},
            },
            {"email": "a@x.example", "name": {"first": "", "last": None}},
            {"email": "a@x.example"},
        ),
    ],
)
async def test_the_first_template_fits_the_schema_and_sends_nothing_empty(
    properties: dict[str, object], traits: dict[str, object], expected: dict[str, str]
) -> None:
    document = {"type": "object", "properties": {"traits": {"type": "object", "properties": properties}}}
    template = first_template(read_fields(document))
    sandbox = Sandbox()
    await sandbox.start()
    try:
        context = json.dumps({"identity": {"traits": traits}}).encode()
        result = await sandbox.render(template, context, limits=Limits())
    finally:
        await sandbox.close()
    assert isinstance(result, Rendered)
    assert json.loads(result.text) == {"properties": expected, "lists": []}
