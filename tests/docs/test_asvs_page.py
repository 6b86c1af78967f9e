"""The page about ASVS leaves no requirement out, and names no test and no file that is not there."""

import ast
import re
from collections import Counter
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "reference" / "asvs.md"
STATES = frozenset({"tested", "checked", "in part", "operator", "missing", "not applicable"})
ROW = re.compile(r"^\| (V[\d.]+) \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)
COUNT = re.compile(r"^\| ([a-z ]+) \| (\d+) \| .+ \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[^`:]+\.py)::(\w+)`")
PLACE = re.compile(r"`((?:src|tests|scripts|docs|bench|examples|requirements|\.ci)/[\w./-]+|\w+\.(?:md|toml))`")
LINK = re.compile(r"\]\(([^)#:]+)\)")

LEVEL_2 = """
1.1.1-7 1.2.1-4 1.4.1 1.4.4-5 1.5.1-4 1.6.1-4 1.7.1-2 1.8.1-2 1.9.1-2 1.10.1 1.11.1-2 1.12.2 1.14.1-6
2.1.1-12 2.2.1-3 2.3.1-3 2.4.1-5 2.5.1-7 2.6.1-3 2.7.1-6 2.8.1-7 2.9.1-3 2.10.1-4
3.1.1 3.2.1-4 3.3.1-4 3.4.1-5 3.5.1-3 3.7.1
4.1.1-3 4.1.5 4.2.1-2 4.3.1-3
5.1.1-5 5.2.1-8 5.3.1-10 5.4.1-3 5.5.1-4
6.1.1-3 6.2.1-6 6.3.1-2 6.4.1-2
7.1.1-4 7.2.1-2 7.3.1 7.3.3-4 7.4.1-3
8.1.1-4 8.2.1-3 8.3.1-8
9.1.1-3 9.2.1-4
10.2.1-2 10.3.1-3
11.1.1-8
12.1.1-3 12.2.1 12.3.1-6 12.4.1-2 12.5.1-2 12.6.1
13.1.1 13.1.3-5 13.2.1-3 13.2.5-6 13.3.1-2 13.4.1-2
14.1.1-4 14.2.1-6 14.3.2-3 14.4.1-7 14.5.1-4
"""
"""What 4.0.3 asks at levels 1 and 2; its deleted requirements and those of level 3 alone are not in it."""

WHOLE = 267 - 8
"""4.0.2 had 267 at level 2, of which 4.0.3 deletes eight as doubles."""


def expected() -> list[str]:
    """The ids, in order."""
    return list(chain.from_iterable(map(_ids, LEVEL_2.split())))


def _ids(part: str) -> list[str]:
    section, _, numbers = part.rpartition(".")
    first, _, last = numbers.partition("-")
    return [f"V{section}.{number}" for number in range(int(first), int(last or first) + 1)]


def rows() -> list[tuple[str, str, str]]:
    """Id, state, and what stands behind it."""
    return [(found[1], found[3], found[4]) for found in ROW.finditer(PAGE.read_text())]


@cache
def names_in(file: str) -> frozenset[str]:
    """Names of the test functions of a file; none where there is no such file."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    functions = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, FUNCTIONS))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def test_every_requirement_is_there_once_and_in_order() -> None:
    assert len(expected()) == WHOLE
    assert [id_ for id_, _, _ in rows()] == expected()


def test_every_test_that_is_named_exists() -> None:
    named = {(file, name) for _, _, behind in rows() for file, name in TEST.findall(behind)}
    assert not sorted(f"{file}::{name}" for file, name in named if name not in names_in(file))


def test_the_lines_of_each_state_are_counted_right() -> None:
    counted = {found[1]: int(found[2]) for found in COUNT.finditer(PAGE.read_text())}
    assert counted == Counter(state for _, state, _ in rows())


@pytest.mark.parametrize(("id_", "state", "behind"), rows(), ids=[row[0] for row in rows()])
def test_a_line_says_what_its_state_promises(id_: str, state: str, behind: str) -> None:
    assert state in STATES
    places = [*PLACE.findall(behind), *LINK.findall(behind)]
    if state == "tested":
        assert TEST.search(behind)
    elif state == "checked":
        assert places
    else:
        assert TEST.sub("", behind).strip(" :,.;"), "words are missing"
    assert not [each for each in places if not (ROOT / each).exists() and not (PAGE.parent / each).exists()]


def test_a_name_that_is_not_there_would_be_found() -> None:
    assert "test_nobody_wrote_this" not in names_in("tests/docs/test_asvs_page.py")
    assert not names_in("tests/docs/test_no_such_file.py")
