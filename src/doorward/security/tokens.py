"""Opaque tokens: hashed for the database, masked for forms, sealed for cookies. Cookie attributes are web's part."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

from doorward.clock import from_micros, micros
from doorward.errors import DoorwardError
from doorward.security.cipher import Cipher

CSRF_BYTES = 32
EXPIRY_BYTES = 8


def hash_token(token: str) -> str:
    """SHA-256 in hex, for looking up a token that has enough randomness of its own (so no salt and no stretching)."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def is_equal(first: str, second: str) -> bool:
    """Compares in a time that does not tell where the difference is."""
    return hmac.compare_digest(first.encode("utf-8", "surrogatepass"), second.encode("utf-8", "surrogatepass"))


def new_csrf_token() -> str:
    """What the CSRF cookie holds: 32 random bytes in standard base64."""
    return base64.b64encode(secrets.token_bytes(CSRF_BYTES)).decode()


def mask(token: str) -> str:
    """The token for a form: base64(pad ‖ pad xor token), new at each call, so that compression leaks nothing (BREACH).

    Raises ValueError unless `token` is of `new_csrf_token`'s form.
    """
    raw = decode(token)
    if raw is None or len(raw) != CSRF_BYTES:
        raise ValueError("not a CSRF token")
    pad = secrets.token_bytes(CSRF_BYTES)
    return base64.b64encode(pad + xor(pad, raw)).decode()


def unmask(masked: str) -> str | None:
    """The cookie's token inside a form's token. An unmasked one is taken as it is, as Kratos does; None if neither."""
    raw = decode(masked)
    if raw is None or len(raw) not in {CSRF_BYTES, 2 * CSRF_BYTES}:
        return None
    if len(raw) == 2 * CSRF_BYTES:
        raw = xor(raw[:CSRF_BYTES], raw[CSRF_BYTES:])
    return base64.b64encode(raw).decode()


def is_csrf_match(cookie: str, submitted: str) -> bool:
    """Whether the form's token belongs to the cookie's."""
    token = unmask(submitted)
    return token is not None and is_equal(token, cookie)


def decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def xor(first: bytes, second: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(first, second, strict=True))


class CookieSealer:
    """Values that only this server can read or make, with an expiry inside that the browser cannot prolong."""

    def __init__(self, keys: Sequence[bytes | str]) -> None:
        """`keys` as in `secrets.cookie`: the first seals, all open. Raises WeakSecret, SecretMissing."""
        self._cipher = Cipher(keys, "cookies")

    def seal(self, name: str, value: str, expires_at: datetime) -> str:
        """URL-safe text. It opens under the same cookie name only."""
        plain = micros(expires_at).to_bytes(EXPIRY_BYTES, "big", signed=True) + value.encode()
        return base64.urlsafe_b64encode(self._cipher.encrypt(plain, name.encode())).decode().rstrip("=")

    def open(self, name: str, sealed: str, now: datetime) -> str | None:
        """The value, or None when it is forged, of another cookie, sealed with a retired key, or expired."""
        opened = self.open_dated(name, sealed)
        return opened[0] if opened is not None and now < opened[1] else None

    def open_dated(self, name: str, sealed: str) -> tuple[str, datetime] | None:
        """`open`, whether it has expired or not, with the moment until which the value was sealed."""
        try:
            ciphertext = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
            plain = self._cipher.decrypt(ciphertext, name.encode())
        except (DoorwardError, binascii.Error, ValueError):
            return None
        expires_at = from_micros(int.from_bytes(plain[:EXPIRY_BYTES], "big", signed=True))
        return plain[EXPIRY_BYTES:].decode(), expires_at
