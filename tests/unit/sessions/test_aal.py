"""Which level a session has, and which one is asked for."""

from datetime import UTC, datetime

import pytest

from doorward.sessions.aal import is_enough, level_of, required_level
from doorward.sessions.model import AuthenticationMethod

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("levels", "reached"),
    [
        ([], "aal1"),
        (["aal1"], "aal1"),
        (["aal1", "aal1"], "aal1"),
        (["aal2"], "aal1"),
        (["aal2", "aal2"], "aal1"),
        (["aal1", "aal2"], "aal2"),
        (["aal2", "aal1"], "aal2"),
    ],
)
def test_a_second_level_takes_a_proof_of_each(levels: list[str], reached: str) -> None:
    assert level_of(AuthenticationMethod("any", level, NOW) for level in levels) == reached


@pytest.mark.parametrize(
    ("policy", "has_factor", "required"),
    [
        ("aal1", False, "aal1"),
        ("aal1", True, "aal1"),
        ("highest_available", False, "aal1"),
        ("highest_available", True, "aal2"),
    ],
)
def test_what_a_policy_asks(policy: str, has_factor: bool, required: str) -> None:
    assert required_level(policy, has_factor) == required
    assert is_enough(policy, "aal2", has_factor)
    assert is_enough(policy, "aal1", has_factor) == (required == "aal1")
