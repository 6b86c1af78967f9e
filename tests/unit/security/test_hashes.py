"""Imported hashes against published vectors, and what is no hash of any format."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.security.hashes import FORMATS, HashFormat
from doorward.security.md4 import hmac_md4, md4
from doorward.security.unix_crypt import PASSWORD_LIMIT_BYTES

SALT, PASSWORD = b"some-salt-16byte", b"correct horse"
FIREBASE = (
    "$firescrypt$ln=14,r=8,p=1$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo7"
    "8198JAdRuid5lQ==$Bw==$jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
)


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def format_of(encoded: str) -> HashFormat | None:
    return next((each for each in FORMATS if each.is_mine(encoded)), None)


def fits(password: bytes, encoded: str) -> bool:
    found = format_of(encoded)
    assert found is not None
    assert found.is_affordable(encoded)
    return found.verify(password, encoded)


@pytest.mark.parametrize(
    ("text", "digest"),
    [  # RFC 1320, A.5
        ("", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        ("abc", "a448017aaf21d8525fc10ae87aa6729d"),
        ("1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_md4(text: str, digest: str) -> None:
    assert md4(text.encode()).hex() == digest


# Made by the C library's crypt(3); the last one is the example of Firebase's scrypt utility.
@pytest.mark.parametrize(
    ("password", "encoded"),
    [
        (b"rasmuslerdorf", "$md5-crypt$rasmusle$rISCgZzpwk3UhDidwXvin0"),
        (b"", "$md5-crypt$saltsalt$5Jhcit4zN9UlGiA0txPkO0"),
        (b"Hello world!", "$sha256-crypt$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
        (b"x" * 200, "$sha256-crypt$saltstring$rwq/JJiS514uBZM0XlgTBNTZFB6WIioWwq2E4Bl1FB1"),
        (
            b"Hello world!",
            "$sha512-crypt$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
        ),
        (
            b"",
            "$sha512-crypt$saltstring$kyGrqt6gmjAdtFLPrflEFifSYLCWWq1pyx95SvqinLDy2UHmj0sTF0MSLMwxPFZc3tu5kQckI8fks0zOPda3n1",
        ),
        (
            b"Hello world!",
            "$sha256-crypt$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
        ),
        (b"user1password", FIREBASE),
    ],
)
def test_published_vectors(password: bytes, encoded: str) -> None:
    assert fits(password, encoded)
    assert not fits(password + b"x", encoded)


@pytest.mark.parametrize(
    ("name", "digest"),
    [("sha1", "sha1"), ("sha224", "sha3_224"), ("sha256", "sha256"), ("sha384", "sha3_384"), ("sha512", "sha512")],
)
def test_pbkdf2_digests_are_those_of_kratos(name: str, digest: str) -> None:
    made = hashlib.pbkdf2_hmac(digest, PASSWORD, SALT, 1000, 24)
    encoded = f"$pbkdf2-{name}$i=1000,l=24${b64(SALT).rstrip('=')}${b64(made).rstrip('=')}"
    assert fits(PASSWORD, encoded)
    assert not fits(b"wrong", encoded)


def test_the_ln_of_scrypt_is_n_itself() -> None:
    made = hashlib.scrypt(PASSWORD, salt=SALT, n=1024, r=8, p=1, dklen=32)
    assert fits(PASSWORD, f"$scrypt$ln=1024,r=8,p=1${b64(SALT)}${b64(made)}")
    assert not fits(PASSWORD, f"$scrypt$ln=1000,r=8,p=1${b64(SALT)}${b64(made)}")


@given(st.binary(max_size=80), st.binary(min_size=1, max_size=80))
def test_hmac_over_md4_is_hmac(text: bytes, key: bytes) -> None:
    padded = (md4(key) if len(key) > 64 else key).ljust(64, b"\0")
    inner = md4(bytes(byte ^ 0x36 for byte in padded) + text)
    assert hmac_md4(key, text) == md4(bytes(byte ^ 0x5C for byte in padded) + inner)


@pytest.mark.parametrize("name", ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])
def test_hmac(name: str) -> None:
    made = hmac.new(b"key", PASSWORD, name).hexdigest().encode()
    assert fits(PASSWORD, f"$hmac-{name}${b64(made)}${b64(b'key')}")
    assert not fits(b"wrong", f"$hmac-{name}${b64(made)}${b64(b'key')}")


@pytest.mark.parametrize(("mark", "name"), [("{SSHA}", "sha1"), ("{SSHA256}", "sha256"), ("{SSHA512}", "sha512")])
def test_ldap(mark: str, name: str) -> None:
    encoded = mark + b64(hashlib.new(name, PASSWORD + SALT).digest() + SALT)
    assert fits(PASSWORD, encoded)
    assert not fits(b"wrong", encoded)


@given(st.binary(min_size=1, max_size=20).filter(lambda each: b"$" not in each))
def test_a_password_that_looks_like_a_place_is_no_place(salt: bytes) -> None:
    made = hashlib.sha256(b"<" + salt + b"|{SALT}>").digest()
    encoded = f"$sha256$pf={b64(b'<{SALT}|{PASSWORD}>')}${b64(salt)}${b64(made)}"
    assert fits(b"{SALT}", encoded)


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "correct-horse-9-battery",
        "$2x$04$MyeEmejBMIUmktLiper8C.f117kX9qYzLV5mwlnaCUkqpLKrLMhzO",
        "$argon2d$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA",
        "$pbkdf2-sha256$l=32,i=1000$c2FsdA$aGFzaA",
        "$pbkdf2-md5$i=1000,l=32$c2FsdA$aGFzaA",
        "$scrypt$ln=1024,r=8,p=1$c2FsdA$aGFzaA",
        "{SSHA1024}c2hvcnQ=",
        "{SHA}c2hvcnQ=",
        "$sha224$pf=e1NBTFR9$c2FsdA==$c2hvcnQ=",
        "$hmac-sha3$c2hvcnQ=$a2V5",
        "$1$saltsalt$NP7s47n9Jb8pftuhbYOfO/",
    ],
)
def test_what_is_no_hash(encoded: str) -> None:
    assert format_of(encoded) is None


@pytest.mark.parametrize(
    "encoded",
    [
        "$2a$16$MyeEmejBMIUmktLiper8C.f117kX9qYzLV5mwlnaCUkqpLKrLMhzO",
        "$2a$03$MyeEmejBMIUmktLiper8C.f117kX9qYzLV5mwlnaCUkqpLKrLMhzO",
        "$argon2id$v=19$m=0,t=1,p=1$c2FsdA$aGFzaA",
        "$pbkdf2-sha256$i=10000001,l=32$c2FsdA$aGFzaA",
        "$pbkdf2-sha256$i=0,l=32$c2FsdA$aGFzaA",
        "$scrypt$ln=131073,r=8,p=1$c2FsdA==$aGFzaA==",
        "$scrypt$ln=1024,r=9,p=1$c2FsdA==$aGFzaA==",
        "$scrypt$ln=1024,r=8,p=11$c2FsdA==$aGFzaA==",
        "$firescrypt$ln=18,r=8,p=1$c2FsdA==$aGFzaA==$c2Vw$aGFzaA==",
        "$sha512-crypt$rounds=99999999$saltsalt$aaaa",
    ],
)
def test_what_costs_too_much(encoded: str) -> None:
    found = format_of(encoded)
    assert found is not None
    assert not found.is_affordable(encoded)


@pytest.mark.parametrize(
    "encoded",
    [
        "{SSHA}",
        "{SSHA}c2hvcnQ=",
        "{SSHA}%%%",
        "$sha1$",
        "$md5$%%%",
        "$md5$",
        "$md5-crypt$",
        "$sha256-crypt$rounds=1000",
        "$hmac-sha256$c2hvcnQ=",
        "$pbkdf2-sha256$i=1,l=1$A$A",
    ],
)
def test_what_begins_like_a_hash_and_is_none_fits_nothing(encoded: str) -> None:
    assert not fits(b"", encoded)
    assert not fits(PASSWORD, encoded)


def test_a_password_of_megabytes_is_not_stretched() -> None:
    encoded = "$sha512-crypt$rounds=77777$short$" + "a" * 86
    assert not fits(b"x" * (PASSWORD_LIMIT_BYTES + 1), encoded)


@given(st.text(max_size=60), st.binary(max_size=30))
def test_no_text_makes_a_format_fail(text: str, password: bytes) -> None:
    for mark in (
        "",
        "$2b$04$",
        "$argon2id$",
        "$pbkdf2-sha1$",
        "$scrypt$",
        "{SSHA}",
        "$sha1$pf=",
        "$md5$",
        "$hmac-md4$",
    ):
        found = format_of(mark + text)
        if found is not None and found.is_affordable(mark + text):
            found.verify(password, mark + text)
