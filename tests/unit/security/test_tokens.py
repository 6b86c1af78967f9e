"""Tokens: hashes, CSRF masks, sealed cookies."""

import base64
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.clock import MovableClock
from doorward.security.tokens import CookieSealer, hash_token, is_csrf_match, is_equal, mask, new_csrf_token, unmask

SECRET = "a cookie secret of 32 characters"


def test_hash_is_sha256_in_hex() -> None:
    # FIPS 180-2, appendix B.1
    assert hash_token("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_equality_takes_any_text() -> None:
    assert is_equal("ä", "ä")
    assert not is_equal("ä", "\ud800")


def test_masks_differ_and_all_lead_back() -> None:
    token = new_csrf_token()
    masks = {mask(token) for _ in range(20)}
    assert len(masks) == 20
    for masked in masks:
        raw = base64.b64decode(masked)
        assert len(raw) == 64
        assert unmask(masked) == token
        assert is_csrf_match(token, masked)
        assert not is_csrf_match(new_csrf_token(), masked)


def test_the_cookie_value_itself_is_taken_as_a_form_token() -> None:
    token = new_csrf_token()
    assert is_csrf_match(token, token)


@pytest.mark.parametrize("text", ["", "x", "AAAA", "ä", "=" * 88, base64.b64encode(b"0" * 63).decode()])
def test_other_texts_are_no_tokens(text: str) -> None:
    assert unmask(text) is None
    assert not is_csrf_match(new_csrf_token(), text)
    with pytest.raises(ValueError, match="CSRF"):
        mask(text)


@given(value=st.text(max_size=100).filter(lambda text: text.isprintable()))
def test_a_sealed_cookie_opens_under_its_name_until_it_expires(value: str) -> None:
    sealer, clock = CookieSealer([SECRET]), MovableClock()
    sealed = sealer.seal("session", value, clock.now() + timedelta(hours=1))
    assert sealer.open("session", sealed, clock.now()) == value
    assert sealer.open("continuity", sealed, clock.now()) is None
    clock.move(hours=1)
    assert sealer.open("session", sealed, clock.now()) is None


def test_retired_and_foreign_keys() -> None:
    clock = MovableClock()
    until = clock.now() + timedelta(hours=1)
    old, new = CookieSealer([SECRET]), CookieSealer(["the next secret, 32 characters..", SECRET])
    sealed = old.seal("s", "v", until)
    assert new.open("s", sealed, clock.now()) == "v"
    assert old.open("s", new.seal("s", "v", until), clock.now()) is None


@given(text=st.text(max_size=200))
def test_forged_cookies_are_none_and_never_an_exception(text: str) -> None:
    assert CookieSealer([SECRET]).open("s", text, MovableClock().now()) is None
