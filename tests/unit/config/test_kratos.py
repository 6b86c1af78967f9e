"""The table of keys that are not honoured."""

from collections.abc import Callable
from typing import Any

import pytest

from doorward.config.files import placed
from doorward.config.keys import list_keys
from doorward.config.kratos import TABLE, find_entry, set_aside
from doorward.config.load import Loaded
from doorward.config.model import Config
from doorward.config.plugins import Plugins
from doorward.config.problems import Problem, Severity

LoadTree = Callable[..., Loaded]


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: str(entry.path))
def test_every_entry_is_named_with_its_path_and_set_aside(entry: Any) -> None:
    path = entry.path.replace("*", "admin")
    problems: list[Problem] = []

    kept = set_aside(placed({}, path, {"some": "thing"}), problems)

    assert [one.path for one in problems] == [path]
    assert problems[0].severity is Severity.WARNING
    assert not _holds(kept, path)


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: str(entry.path))
def test_a_value_that_changes_nothing_passes_without_a_word(entry: Any) -> None:
    problems: list[Problem] = []

    for harmless in entry.harmless:
        set_aside(placed({}, entry.path.replace("*", "admin"), harmless), problems)

    assert problems == []


def test_no_key_is_both_honoured_and_set_aside() -> None:
    honoured = [key.path for key in list_keys(Config, Plugins().settings_by_path())]

    assert [path for path in honoured if find_entry(path)] == []


def test_tls_makes_the_address_https(load_tree: LoadTree) -> None:
    loaded = load_tree({"serve": {"public": {"tls": {"cert": {"path": "a"}, "key": {"path": "b"}}}}})

    assert loaded.checked().serve.public.base_url == "https://127.0.0.1:4433/"


def _holds(tree: Any, path: str) -> bool:
    for key in path.split("."):
        if key not in tree:
            return False
        tree = tree[key]
    return True
