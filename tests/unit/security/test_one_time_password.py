"""One-time passwords, held against the vectors of RFC 6238 (appendix B)."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.security.one_time_password import Totp, new_secret, read_totp, secret_of, totp_url

KEYS = {
    "sha1": b"12345678901234567890",
    "sha256": b"12345678901234567890123456789012",
    "sha512": b"1234567890123456789012345678901234567890123456789012345678901234",
}
VECTORS = [
    (59, "sha1", "94287082"),
    (59, "sha256", "46119246"),
    (59, "sha512", "90693936"),
    (1111111109, "sha1", "07081804"),
    (1111111111, "sha256", "67062674"),
    (1234567890, "sha512", "93441116"),
    (2000000000, "sha1", "69279037"),
    (20000000000, "sha256", "77737706"),
    (20000000000, "sha512", "47863826"),
]


@pytest.mark.parametrize(("at", "digest", "code"), VECTORS)
def test_vectors_of_the_standard(at: int, digest: str, code: str) -> None:
    totp = Totp(KEYS[digest], digest, digits=8)
    assert totp.code(at // 30) == code
    assert totp.find_step(code, datetime.fromtimestamp(at, UTC)) == at // 30


@given(st.integers(10, 10**8), st.integers(-5, 5))
def test_one_period_before_and_after_still_counts(step: int, distance: int) -> None:
    totp = Totp(KEYS["sha1"])
    found = totp.find_step(totp.code(step + distance), datetime.fromtimestamp(step * 30 + 7, UTC))
    # Codes of six digits collide now and then; then another period than the one meant may fit.
    codes = {totp.code(step + near) for near in (-1, 0, 1)}
    assert (found is not None) == (totp.code(step + distance) in codes)
    if abs(distance) <= 1:
        assert found is not None


@pytest.mark.parametrize("given_code", ["", "12345", "1234567", "12 3456", "１２３４５６", "\ud800", "abcdef"])
def test_what_is_no_code_fits_nothing(given_code: str) -> None:
    assert Totp(KEYS["sha1"]).find_step(given_code, datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_blanks_around_a_code_do_not_matter() -> None:
    totp, now = Totp(KEYS["sha1"]), datetime(2026, 1, 1, tzinfo=UTC)
    code = totp.code(int(now.timestamp()) // 30)
    assert totp.find_step(f" {code} ", now) == int(now.timestamp()) // 30


def test_the_address_tells_an_app_everything() -> None:
    secret = new_secret()
    url = totp_url(secret, "Café & Co", "ada@example.org")
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parts.path == "/Caf%C3%A9%20%26%20Co:ada@example.org"
    assert parse_qs(parts.query) == {
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "issuer": ["Café & Co"],
        "period": ["30"],
        "secret": [secret],
    }
    assert secret_of(url) == secret
    totp = read_totp(url)
    assert totp is not None
    assert (totp.digits, totp.period_s, len(totp.key)) == (6, 30, 20)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "otpauth://totp/x",
        "otpauth://totp/x?secret=",
        "otpauth://totp/x?secret=!!!",
        "otpauth://totp/x?secret=ABCDEFGH&digits=0",
        "otpauth://totp/x?secret=ABCDEFGH&digits=many",
        "otpauth://totp/x?secret=ABCDEFGH&period=0",
        "otpauth://totp/x?secret=ABCDEFGH&algorithm=MD5",
        "otpauth://[/x?secret=ABCDEFGH",
    ],
)
def test_nonsense_that_was_imported_fits_no_code(url: str) -> None:
    assert read_totp(url) is None


def test_secrets_are_not_in_the_repr() -> None:
    assert "12345678901234567890" not in repr(Totp(KEYS["sha1"]))


def test_every_secret_is_new() -> None:
    assert len({new_secret() for _ in range(50)}) == 50
