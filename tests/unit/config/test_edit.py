"""Changing a file and keeping what people wrote around it."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from doorward.config.edit import CannotEdit, Document, add_action, add_destination, add_hook, block, guess_indent

WRITTEN = """\
# How we run it.
dsn: memory   # for now

selfservice:
    flows:
        registration:
            after:
                hooks:
                  # first of all
                  - hook: web_hook   # why
                    config: {url: 'https://a.example', "method": POST}
                password: {hooks: [{hook: session}]}
# the end
"""
HUBSPOT = {"hook": "hubspot", "config": {"destination": "crm", "consent": "marketing"}}
HOOKS = "selfservice.flows.registration.after.hooks"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "doorward.yml"
    written.write_text(WRITTEN)
    return written


def test_what_is_not_changed_stays_byte_for_byte(file: Path) -> None:
    Document(file).save()

    assert file.read_text() == WRITTEN


def test_one_line_changes(file: Path) -> None:
    document = Document(file)
    document.set("dsn", "postgres://h/d")
    document.save()

    assert file.read_text() == WRITTEN.replace("dsn: memory   #", "dsn: postgres://h/d #")


def test_connect_adds_a_destination_and_a_hook_once(file: Path) -> None:
    for expected in (True, False):
        document = Document(file)
        add_destination(document, "crm", {"connector": "hubspot", "token": "file:hubspot.token"})
        assert add_hook(document, "registration", HUBSPOT) is expected
        document.save()

    tree = YAML(typ="safe").load(file)
    assert tree["destinations"] == {"crm": {"connector": "hubspot", "token": "file:hubspot.token"}}
    assert tree["selfservice"]["flows"]["registration"]["after"]["hooks"][1] == HUBSPOT
    for comment in ("# How we run it.", "# for now", "# first of all", "# why", "# the end"):
        assert comment in file.read_text()


def test_a_destinations_other_keys_stay(file: Path) -> None:
    document = Document(file)
    document.set("destinations.crm.limits.calls", 50)
    add_destination(document, "crm", {"token": "env:TOKEN"})

    assert document.find("destinations.crm") == {"limits": {"calls": 50}, "token": "env:TOKEN"}


def test_a_list_on_the_way_is_made(file: Path) -> None:
    document = Document(file)
    document.set("identity.schemas.0.id", "person")
    document.set("identity.schemas.1.id", "firm")

    assert document.find("identity.schemas") == [{"id": "person"}, {"id": "firm"}]


def test_an_action_is_added_and_replaced_by_name(file: Path) -> None:
    document = Document(file)
    action = {"name": "a", "on": ["identity.updated"], "hook": "hubspot"}

    assert add_action(document, action) is True
    assert add_action(document, action) is False
    assert add_action(document, {**action, "on": ["identity.created"]}) is True
    assert document.find("actions") == [{**action, "on": ["identity.created"]}]


def test_a_file_that_is_not_there_yet_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    document = Document(tmp_path / "new.yml")
    add_hook(document, "registration", {"hook": "session"}, "password")
    document.save()

    assert (tmp_path / "new.yml").stat().st_mode & 0o777 == 0o600
    assert YAML(typ="safe").load(tmp_path / "new.yml") == {
        "selfservice": {"flows": {"registration": {"after": {"password": {"hooks": [{"hook": "session"}]}}}}}
    }


def test_mode_and_links_stay(file: Path, tmp_path: Path) -> None:
    file.chmod(0o644)
    link = tmp_path / "link.yml"
    link.symlink_to(file)
    document = Document(link)
    document.set("dev", True)
    document.save()

    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert "dev: true" in file.read_text()


def test_json_is_edited_too(tmp_path: Path) -> None:
    file = tmp_path / "doorward.json"
    file.write_text('{"dsn": "memory"}')
    document = Document(file)
    document.set("serve.public.port", 1)
    document.save()

    assert json.loads(file.read_text()) == {"dsn": "memory", "serve": {"public": {"port": 1}}}


@pytest.mark.parametrize(
    ("path", "value"), [("dsn.x", 1), (f"{HOOKS}.7", 1), (f"{HOOKS}.x", 1), (f"{HOOKS}.0.hook.y", 1)]
)
def test_a_value_in_the_way_is_not_overwritten(file: Path, path: str, value: Any) -> None:
    with pytest.raises(CannotEdit):
        Document(file).set(path, value)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.toml", ""), ("a.yml", "- a"), ("a.yml", "a: [hush"), ("a.json", "{"), ("a.yml", "a: 1\na: 2")],
)
def test_files_that_cannot_be_edited(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)

    with pytest.raises(CannotEdit) as raised:
        Document(tmp_path / name)
    assert "hush" not in str(raised.value)


def test_a_write_that_fails_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    document = Document(file)
    document.set("dev", True)
    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(CannotEdit, match="No space left"):
        document.save()
    assert file.read_text() == WRITTEN
    assert list(file.parent.iterdir()) == [file]


def test_the_block_to_paste_reads_back() -> None:
    pasted = block({"destinations.crm": {"connector": "hubspot"}, HOOKS: [HUBSPOT]})

    assert YAML(typ="safe").load(pasted)["destinations"] == {"crm": {"connector": "hubspot"}}
    assert "consent: marketing" in pasted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (2, 0)),
        ("a:\n  b: 1\nc:\n- d\n", (2, 0)),
        ("a:\n    b: 1\nc:\n    - d\n", (4, 4)),
        ("# a:\n#  b\nc:\n  - d: 1\n    e:\n      f: 2\n", (2, 2)),
    ],
)
def test_how_a_text_is_indented(text: str, expected: tuple[int, int]) -> None:
    assert guess_indent(text) == expected


NAMES = st.sampled_from(["a", "b", "on", "no"])
TREES: st.SearchStrategy[Any] = st.dictionaries(
    NAMES,
    st.recursive(
        st.integers() | st.booleans() | st.sampled_from(["x", "yes", "env:A", "1"]),
        lambda below: st.lists(below, max_size=2) | st.dictionaries(NAMES, below, min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=3,
)


@given(TREES)
def test_what_is_written_is_read_back(tree: dict[str, Any]) -> None:
    assert YAML(typ="safe", pure=True).load(block(tree)) == tree
