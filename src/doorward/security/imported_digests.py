"""Password hashes of other systems that are plain digests: LDAP's salted SHA, formatted MD5 and SHA, HMAC.

They are quick to guess, so they are only ever read: who signs in gets the configured hash. Notations are Kratos's
import formats; `pf` is a text in which {SALT} and {PASSWORD} stand for the two.
"""

import hashlib
import hmac
import re

from doorward.security.imported_kdfs import padded
from doorward.security.md4 import hmac_md4

LDAP = re.compile(r"\{SSHA(256|512)?\}(.*)", re.S)
FORMATTED = re.compile(r"\$(md5|sha1|sha256|sha512)\$(.*)", re.S)
HMAC = re.compile(r"\$hmac-(md4|md5|sha1|sha224|sha256|sha384|sha512)\$(.*)", re.S)
PLACES = re.compile(rb"\{SALT\}|\{PASSWORD\}")
LDAP_DIGESTS = {None: "sha1", "256": "sha256", "512": "sha512"}


def is_ldap(encoded: str) -> bool:
    return LDAP.fullmatch(encoded) is not None


def verify_ldap(password: bytes, encoded: str) -> bool:
    """`{SSHA}` and its sisters: base64 of the digest of password and salt, followed by the salt (RFC 2307)."""
    match = LDAP.fullmatch(encoded)
    raw = padded(match[2]) if match else None
    if match is None or raw is None:
        return False
    digest = LDAP_DIGESTS[match[1]]
    size = hashlib.new(digest).digest_size
    if len(raw) < size:
        return False
    return hmac.compare_digest(hashlib.new(digest, password + raw[size:]).digest(), raw[:size])


def is_formatted(encoded: str) -> bool:
    return FORMATTED.fullmatch(encoded) is not None


def verify_formatted(password: bytes, encoded: str) -> bool:
    """`$sha256$pf=FORMAT$SALT$HASH`, each in base64; MD5 also as `$md5$HASH` without salt."""
    match = FORMATTED.fullmatch(encoded)
    if match is None:
        return False
    name, parts = match[1], match[2].split("$")
    if name == "md5" and len(parts) == 1:
        return _is_digest(name, password, padded(parts[0]))
    if len(parts) != 3 or not parts[0].startswith("pf="):
        return False
    form, salt, expected = padded(parts[0][3:]), padded(parts[1]), padded(parts[2])
    if form is None or salt is None:
        return False
    values = {b"{SALT}": salt, b"{PASSWORD}": password}
    return _is_digest(name, PLACES.sub(lambda place: values[place[0]], form), expected)


def is_hmac(encoded: str) -> bool:
    return HMAC.fullmatch(encoded) is not None


def verify_hmac(password: bytes, encoded: str) -> bool:
    """`$hmac-sha256$HASH$KEY` in base64; the hash is that of a hexadecimal text."""
    match = HMAC.fullmatch(encoded)
    parts = match[2].split("$") if match else []
    if match is None or len(parts) != 2:
        return False
    expected, key = padded(parts[0]), padded(parts[1])
    if not expected or not key:
        return False
    made = hmac_md4(key, password) if match[1] == "md4" else hmac.new(key, password, match[1]).digest()
    return hmac.compare_digest(made.hex().encode(), expected)


def _is_digest(name: str, text: bytes, expected: bytes | None) -> bool:
    return bool(expected) and hmac.compare_digest(hashlib.new(name, text).digest(), expected or b"")
