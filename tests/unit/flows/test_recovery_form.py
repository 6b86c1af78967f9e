"""What of an address those see who do not know it."""

import pytest

from doorward.flows.recovery_form import choice_of, masked


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("ada@example.org", "ad****@example.org"),
        ("a@example.org", "a@example.org"),
        ("bc@example.org", "bc****@example.org"),
        ("+491701234567", "+49****67"),
        ("12345", "****"),
        ("", "****"),
    ],
)
def test_masked(address: str, seen: str) -> None:
    assert masked(address) == seen


def test_a_choice_names_nothing() -> None:
    assert "ada" not in choice_of("ada@example.org")
    assert choice_of("ada@example.org") != choice_of("adb@example.org")
