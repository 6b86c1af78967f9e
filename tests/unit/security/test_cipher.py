"""Encryption under the operator's secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.errors import DoorwardError
from doorward.ids import new_row_id
from doorward.security.cipher import Cipher, SecretMissing, Tampered, WeakSecret
from doorward.security.keys import IdentityKey, new_identity_key, unwrap, wrap

OLD, NEW = "an old secret of some length", "0123456789abcdef0123456789abcdef"


@given(plaintext=st.binary(max_size=300), associated=st.binary(max_size=40))
def test_round_trip(plaintext: bytes, associated: bytes) -> None:
    cipher = Cipher([NEW])
    sealed = cipher.encrypt(plaintext, associated)
    assert cipher.decrypt(sealed, associated) == plaintext
    assert cipher.encrypt(plaintext, associated) != sealed


@given(position=st.integers(0, 60), flip=st.integers(1, 255))
def test_any_changed_byte_is_noticed(position: int, flip: int) -> None:
    cipher = Cipher([NEW])
    sealed = bytearray(cipher.encrypt(b"a plaintext of 28 bytes size", b"row"))
    sealed[position % len(sealed)] ^= flip
    with pytest.raises((Tampered, SecretMissing)):
        cipher.decrypt(bytes(sealed), b"row")


def test_a_ciphertext_cannot_be_moved_to_another_row_or_purpose() -> None:
    sealed = Cipher([NEW]).encrypt(b"x", b"row 1")
    with pytest.raises(Tampered):
        Cipher([NEW]).decrypt(sealed, b"row 2")
    with pytest.raises(SecretMissing):
        Cipher([NEW], "cookies").decrypt(sealed, b"row 1")


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    sealed = Cipher([OLD]).encrypt(b"x", b"")
    both = Cipher([NEW, OLD])
    assert both.decrypt(sealed, b"") == b"x"
    assert both.needs_rotation(sealed)
    again = both.encrypt(b"x", b"")
    assert not both.needs_rotation(again)
    assert Cipher([NEW]).decrypt(again, b"") == b"x"
    with pytest.raises(SecretMissing):
        Cipher([NEW]).decrypt(sealed, b"")


@pytest.mark.parametrize("garbage", [b"", b"\x01", b"\x01" * 32, b"\x07" * 64])
def test_garbage_is_refused_clearly(garbage: bytes) -> None:
    with pytest.raises((Tampered, SecretMissing)):
        Cipher([NEW]).decrypt(garbage, b"")


def test_secrets_are_required_long_enough_and_never_shown() -> None:
    with pytest.raises(SecretMissing):
        Cipher([])
    with pytest.raises(WeakSecret) as caught:
        Cipher(["tooshortsecret"])
    assert "tooshortsecret" not in f"{caught.value} {caught.value!r}"
    assert NEW not in repr(vars(Cipher([NEW])))


def test_identity_keys_bind_person_and_row() -> None:
    cipher, person, row = Cipher([NEW]), new_row_id(), new_row_id()
    key = new_identity_key(person)
    assert unwrap(cipher, person, wrap(cipher, key)) == key
    with pytest.raises(Tampered):
        unwrap(cipher, new_row_id(), wrap(cipher, key))
    sealed = key.seal(row, b"payload")
    assert key.open(row, sealed) == b"payload"
    impostor = IdentityKey(new_row_id(), key.secret)
    for opener, where in [(key, new_row_id()), (impostor, row), (new_identity_key(person), row)]:
        with pytest.raises(Tampered):
            opener.open(where, sealed)
    for broken in (b"", sealed[:5], sealed[:-1]):
        with pytest.raises(DoorwardError):
            key.open(row, broken)
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)
