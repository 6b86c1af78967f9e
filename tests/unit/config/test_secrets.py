"""Secrets never print; references lead to them or are named."""

from pathlib import Path

import pytest

from doorward.config.problems import Problem
from doorward.config.secrets import FILE_LIMIT_BYTES, Secret, is_reference, resolve


def test_a_secret_prints_as_stars_everywhere() -> None:
    secret = Secret("hush-hush")

    printed = f"{secret} {secret!r} {secret!s} {[secret]} { ({'key': secret}) }"

    assert "hush" not in printed
    assert secret.reveal() == "hush-hush"


def test_references_are_replaced_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    problems: list[Problem] = []

    tree = resolve(
        {"a": [{"b": "env:TOKEN"}], "c": "file:token", "url": "file://person.json", "d": "environment"},
        env={"TOKEN": "from-env"},
        folder=tmp_path,
        path="",
        problems=problems,
    )

    assert tree == {
        "a": [{"b": Secret("from-env")}],
        "c": Secret("from-file"),
        "url": "file://person.json",
        "d": "environment",
    }
    assert problems == []


@pytest.mark.parametrize(
    "value", ["env:ABSENT", "env:EMPTY", "file:absent", "file:empty", "file:.", "file:binary", "file:big"]
)
def test_a_reference_that_leads_nowhere_is_an_error_with_its_path(tmp_path: Path, value: str) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "big").write_text("x" * (FILE_LIMIT_BYTES + 1))
    problems: list[Problem] = []

    resolve({"a": [value]}, env={"EMPTY": ""}, folder=tmp_path, path="", problems=problems)

    assert [(one.path, one.code) for one in problems] == [("a.0", "secret_not_found")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("env:A", True), ("env:a b", False), ("env:1A", False), ("file:a/b", True), ("file://a", False), (3, False)],
)
def test_what_a_reference_is(value: object, expected: bool) -> None:
    assert is_reference(value) is expected
