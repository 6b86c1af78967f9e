"""The scripts of our pages: they keep nothing, make no markup out of text, and stand in nobody's way."""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parent.parent.parent / "src" / "doorward" / "ui" / "static"
SCRIPTS = sorted(STATIC.glob("*.js"))
KEEPS = ("localStorage", "sessionStorage", "indexedDB", "document.cookie", "caches.")
MAKES_MARKUP = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "DOMParser")
HINDERS = re.compile(r"[\"'](paste|copy|cut|contextmenu|beforeinput|keydown|keypress)[\"']")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_keep_nothing_and_make_no_markup(script: Path) -> None:
    text = script.read_text()
    assert not [each for each in (*KEEPS, *MAKES_MARKUP) if each in text]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_stand_in_nobodys_way(script: Path) -> None:
    assert not HINDERS.findall(script.read_text())


def test_there_are_scripts_to_look_at() -> None:
    assert {path.name for path in SCRIPTS} == {"console.js", "page.js"}
