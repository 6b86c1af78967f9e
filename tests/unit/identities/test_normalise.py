import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.identities.normalise import is_email, is_phone, normalise_address, normalise_identifier


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada@Example.org", "ada@example.org"),
        ("ａｄａ", "ada"),
        ("+49 30/123-456", "+4930123456"),
        ("0049 30 123456", "0049 30 123456"),
        ("Ada_L", "ada_l"),
    ],
)
def test_one_spelling(typed: str, kept: str) -> None:
    assert normalise_identifier(typed) == kept


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise_identifier(text)
    assert normalise_identifier(once) == once


@given(st.emails())
def test_an_address_is_found_whatever_its_case(address: str) -> None:
    assert normalise_address(address.upper().lower(), "email") == normalise_address(address.lower(), "email")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("ada@example.org", True),
        ("ada+tag@mail.example.org", True),
        ("café.ada@example.org", True),
        ("o'hara@example.org", True),
        ("ada@bücher.org", False),
        ("ada@xn--bcher-kva.org", True),
        ("Ada <ada@example.org>", False),
        (" ada@example.org", False),
        ("ada@example.org ", False),
        ("ada@example.org\n", False),
        ("ada@example.org,eve@example.org", False),
        ("ada@@example.org", False),
        ("ada@-example.org", False),
        ("ada@example..org", False),
        ("ada@", False),
        ("@example.org", False),
        ("ada", False),
        ("", False),
        ("a" * 320 + "@example.org", False),
    ],
)
def test_what_an_email_address_is(text: str, is_one: bool) -> None:
    assert is_email(text) is is_one


def test_a_number_of_a_possible_length_that_does_not_exist_is_no_phone() -> None:
    assert is_phone("+49 (0) 89 / 12345678")
    assert not is_phone("+1 555 0100")
    assert not is_phone("0049 89 12345678")


def test_what_cannot_be_seen_makes_no_other_name() -> None:
    assert normalise_identifier("\u200bAda\u200d@example.org") == "ada@example.org"
    assert not is_email("\u200bada@example.org")
    assert is_email("jürgen@example.org")
