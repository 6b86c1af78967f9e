"""Files: three formats, merging, and where a syntax error is."""

from pathlib import Path

import pytest

from doorward.config.files import merged, placed, read_file
from doorward.config.problems import Problem

BOMB = b"a0: &a0 [1]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yml", "a: {b: [1, x]}\non: no\n"),
        ("a.json", '{"a": {"b": [1, "x"]}, "on": "no"}'),
        ("a.toml", 'on = "no"\n[a]\nb = [1, "x"]\n'),
    ],
)
def test_three_formats_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    problems: list[Problem] = []

    assert read_file(tmp_path / name, problems) == {"a": {"b": [1, "x"]}, "on": "no"}
    assert problems == []


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.yml", b"a: [hush-hush\nb: 1", "line 2"),
        ("a.yml", b"a: 1\na: 2", "line 2"),
        ("a.yml", b"- hush-hush", "section"),
        ("a.yml", b"\xff\xfe\x00", "UTF-8"),
        ("a.json", b'{"a": hush-hush}', "line 1"),
        ("a.toml", b"a = ", "parsed"),
        ("a.yml", b"[" * 5000, "nested"),
        ("a.yml", b"a: &a [*a]", "aliases"),
        ("a.yml", BOMB, "aliases"),
        ("a.yml", b"a: !!python/object/apply:os.system [x]", "line 1"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_error(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    problems: list[Problem] = []

    assert read_file(tmp_path / name, problems) == {}
    assert [one.code for one in problems] == ["unreadable_file"]
    assert says in problems[0].text
    assert "hush" not in problems[0].text


def test_an_absent_file_and_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "empty.yml").write_text("# nothing yet\n")
    problems: list[Problem] = []

    assert read_file(tmp_path / "empty.yml", problems) == {}
    assert problems == []
    assert read_file(tmp_path / "absent.yml", problems) == {}
    assert "No such file" in problems[0].text


def test_sections_merge_and_lists_are_replaced() -> None:
    lower = {"a": {"b": 1, "c": [1, 2]}, "d": 1}

    assert merged(lower, {"a": {"c": [3]}, "d": {"e": 2}}) == {"a": {"b": 1, "c": [3]}, "d": {"e": 2}}
    assert lower == {"a": {"b": 1, "c": [1, 2]}, "d": 1}


def test_a_value_is_placed_at_a_path() -> None:
    assert placed({}, "a.b", 1) == {"a": {"b": 1}}
    assert placed({"a": [{"b": 1}, {"b": 2}]}, "a.1.b", 3) == {"a": [{"b": 1}, {"b": 3}]}
    assert placed({}, "a.0.b", 1) == {"a": [{"b": 1}]}
    assert placed({"a": 5}, "a.b", 1) == {"a": {"b": 1}}
