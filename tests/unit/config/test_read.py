"""The reader: everything wrong at once, each with its path, and always an object."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.config.fields import own_path, section, setting
from doorward.config.model import Config
from doorward.config.problems import Problem
from doorward.config.read import read
from doorward.config.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A part."""

    size: int = setting(20, "Its size.", least=1)
    path: str = own_path()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """Every kind of key."""

    name: str = setting("", "Its name.", required=True)
    key: Secret | None = setting(None, "Its key.", least=4)
    wheels: tuple[Wheel, ...] = setting((), "Its wheels.")
    spare: Wheel = section(Wheel, "The spare one.")
    labels: Mapping[str, str] = section(dict, "Free names.")
    sides: Mapping[str, Wheel] = section(lambda: {"left": Wheel(size=1), "right": Wheel(size=2)}, "Fixed names.")
    others: Mapping[str, Wheel] = section(dict, "The rest.", rest=("front", "back"))


def read_cart(raw: object) -> tuple[Cart, list[tuple[str, str]]]:
    problems: list[Problem] = []
    cart = read(Cart, raw, "cart", problems)
    return cart, [(one.path, one.code) for one in problems]


def test_a_right_section() -> None:
    cart, problems = read_cart(
        {
            "name": "c",
            "key": "abcd",
            "wheels": [{"size": 3}, {}],
            "labels": {"a": "b"},
            "sides": {"left": {}},
            "front": {"size": 9},
        }
    )

    assert problems == []
    assert cart.key == Secret("abcd")
    assert cart.wheels == (Wheel(size=3), Wheel(size=20))
    assert cart.wheels[1].path == "cart.wheels.1"
    assert cart.spare.path == "cart.spare"
    assert cart.sides == {"left": Wheel(size=1), "right": Wheel(size=2)}
    assert cart.others == {"front": Wheel(size=9)}


def test_everything_wrong_is_named_at_once() -> None:
    cart, problems = read_cart(
        {
            "nam": "c",
            "key": "abc",
            "wheels": [{"size": 0}, {"siz": 3}, 7],
            "spare": "none",
            "labels": {"a": 1},
            "sides": {"lft": {}},
            "frnt": {},
        }
    )

    assert sorted(problems) == [
        ("cart.frnt", "unknown_key"),
        ("cart.key", "wrong_value"),
        ("cart.labels.a", "wrong_value"),
        ("cart.nam", "unknown_key"),
        ("cart.name", "missing"),
        ("cart.sides.lft", "unknown_key"),
        ("cart.spare", "wrong_type"),
        ("cart.wheels.0.size", "wrong_value"),
        ("cart.wheels.1.siz", "unknown_key"),
        ("cart.wheels.2", "wrong_type"),
    ]
    assert cart.wheels[0].size == 20


def test_a_near_miss_is_suggested() -> None:
    problems: list[Problem] = []

    read(Cart, {"name": "c", "weels": []}, "", problems)

    assert "did you mean `wheels`?" in problems[0].text


@pytest.mark.parametrize(
    "raw", [{"name": "c", "key": ["hush-hush"]}, {"name": "c", "wheels": "hush-hush"}, "hush-hush"]
)
def test_a_value_in_the_wrong_place_is_never_shown_where_it_may_be_secret(raw: object) -> None:
    problems: list[Problem] = []

    read(Cart, raw, "", problems)

    assert problems
    assert not any("hush" in str(one) for one in problems)


KEYS = st.sampled_from(
    ["serve", "public", "port", "identity", "schemas", "selfservice", "flows", "registration", "after", "hooks", "hook"]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, JSON, max_size=5))
def test_any_tree_is_read_or_blamed_and_never_raises(tree: dict[str, Any]) -> None:
    problems: list[Problem] = []

    assert isinstance(read(Config, tree, "", problems), Config)
