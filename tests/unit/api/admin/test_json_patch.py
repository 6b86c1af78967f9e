"""JSON Patch: what it changes, what it refuses, and that what it is given is never changed."""

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.api.admin.identity_document import is_denied
from doorward.api.admin.json_patch import PatchImpossible, apply_json_patch

DOCUMENT: dict[str, Any] = {"traits": {"age": 1, "name": {}}, "list": [1, 2], "none": None, "a/b": {"c~d": 1}}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def patched(*operations: Any) -> Any:
    return apply_json_patch(DOCUMENT, list(operations), is_denied)


def of(operation: str, path: str, value: Any = None) -> dict[str, Any]:
    return {"op": operation, "path": path, "value": value}


@pytest.mark.parametrize(
    ("operation", "name", "expected"),
    [
        (of("add", "/traits/plan", "x"), "traits", {"age": 1, "name": {}, "plan": "x"}),
        (of("replace", "/traits/plan", "x"), "traits", {"age": 1, "name": {}, "plan": "x"}),
        (of("remove", "/traits/age"), "traits", {"name": {}}),
        (of("add", "/list/-", 3), "list", [1, 2, 3]),
        (of("add", "/list/0", 0), "list", [0, 1, 2]),
        (of("replace", "/list/1", 5), "list", [1, 5]),
        (of("remove", "/list/-1"), "list", [1]),
        (of("add", "/none/x", 1), "none", {"x": 1}),
        (of("replace", "/a~1b/c~0d", 2), "a/b", {"c~d": 2}),
        (of("replace", "/list"), "list", None),
    ],
)
def test_what_it_does(operation: Any, name: str, expected: Any) -> None:
    assert patched(operation)[name] == expected


@pytest.mark.parametrize(
    "operations",
    [
        [of("test", "/traits/age", 1)],
        [of("move", "/traits/age")],
        [of("REPLACE", "/traits/age", 1)],
        [of("remove", "/traits/nothing")],
        [of("add", "/traits/a/b", 1)],
        [of("add", "/list/9", 1)],
        [of("add", "/list/01", 1)],
        [of("add", "/traits/age/x", 1)],
        [of("add", "", {})],
        [{"op": "add", "value": 1}],
        [of("replace", "/ID", "x")],
        [of("replace", "/stateChangedAt", "x")],
        [of("add", "/credentials", {})],
        [of("add", "/credentials/OIDC/config", {})],
        [1],
        [None],
        {},
        "x",
    ],
)
def test_what_it_refuses(operations: Any) -> None:
    with pytest.raises(PatchImpossible):
        apply_json_patch(DOCUMENT, operations, is_denied)


def test_no_patch_changes_nothing() -> None:
    assert apply_json_patch(DOCUMENT, None, is_denied) == DOCUMENT
    assert patched() == DOCUMENT


@given(
    VALUES, st.lists(st.tuples(st.sampled_from(["add", "replace", "remove"]), st.text("ab01/~-"), VALUES), max_size=4)
)
def test_it_changes_a_copy_or_refuses(document: Any, given_operations: list[tuple[str, str, Any]]) -> None:
    before = copy.deepcopy(document)
    operations = [of(*each) for each in given_operations]
    with contextlib.suppress(PatchImpossible):
        apply_json_patch(document, operations, is_denied)
    assert document == before


@given(VALUES)
def test_what_was_added_is_there(value: Any) -> None:
    assert patched(of("add", "/traits/new", value))["traits"]["new"] == value
