"""Hashes of /etc/shadow: MD5-crypt (Poul-Henning Kamp, FreeBSD) and SHA-crypt (Ulrich Drepper, 2007), as imported.

Python's own `crypt` is gone since 3.13, and not every system library has all of them.
"""

import hashlib
import hmac
import re

ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MARK = re.compile(r"\$(md5|sha256|sha512)-crypt\$(.*)", re.S)
BODY = re.compile(r"(?:rounds=(\d{1,9})\$)?([^$]{1,16})\$([./0-9A-Za-z]+)")
ROUNDS_DEFAULT, ROUNDS_MIN, ROUNDS_MAX = 5000, 1000, 999_999_999
# Above this one guess would cost the server more than it may (about a second).
ROUNDS_AFFORDABLE = 1_000_000
# The work grows with the square of the password's length: a form may bring megabytes.
PASSWORD_LIMIT_BYTES = 1024
MD5_ROUNDS, MD5_SALT_BYTES, SHA_SALT_BYTES = 1000, 8, 16
# The order in which the bytes of a digest are written, three at a time; the last group has fewer.
MD5_ORDER = ((0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5), (11,))
SHA256_ORDER = (
    *((0, 10, 20), (21, 1, 11), (12, 22, 2), (3, 13, 23), (24, 4, 14)),
    *((15, 25, 5), (6, 16, 26), (27, 7, 17), (18, 28, 8), (9, 19, 29), (31, 30)),
)
SHA512_ORDER = (
    *((0, 21, 42), (22, 43, 1), (44, 2, 23), (3, 24, 45), (25, 46, 4), (47, 5, 26), (6, 27, 48)),
    *((28, 49, 7), (50, 8, 29), (9, 30, 51), (31, 52, 10), (53, 11, 32), (12, 33, 54), (34, 55, 13)),
    *((56, 14, 35), (15, 36, 57), (37, 58, 16), (59, 17, 38), (18, 39, 60), (40, 61, 19), (62, 20, 41)),
    (63,),
)


def is_crypt(encoded: str) -> bool:
    return MARK.fullmatch(encoded) is not None


def is_affordable_crypt(encoded: str) -> bool:
    match = MARK.fullmatch(encoded)
    body = BODY.fullmatch(match[2]) if match else None
    return body is None or int(body[1] or 0) <= ROUNDS_AFFORDABLE


def verify_crypt(password: bytes, encoded: str) -> bool:
    """`$sha256-crypt$rounds=N$SALT$HASH`; False for what follows the mark but is no hash."""
    match = MARK.fullmatch(encoded)
    body = BODY.fullmatch(match[2]) if match else None
    if match is None or body is None or len(password) > PASSWORD_LIMIT_BYTES:
        return False
    salt = body[2].encode()
    if match[1] == "md5":
        made = md5_crypt(password, salt)
    else:
        rounds = min(max(int(body[1]), ROUNDS_MIN), ROUNDS_MAX) if body[1] else ROUNDS_DEFAULT
        made = sha_crypt(match[1], password, salt, rounds)
    return hmac.compare_digest(made, body[3])


def md5_crypt(password: bytes, salt: bytes) -> str:
    """The hash part of `$1$SALT$…`."""
    salt = salt[:MD5_SALT_BYTES]
    inner = hashlib.md5(password + salt + password, usedforsecurity=False).digest()
    text = password + b"$1$" + salt + _stretched(inner, len(password))
    length = len(password)
    while length:
        text += b"\0" if length & 1 else password[:1]
        length >>= 1
    digest = hashlib.md5(text, usedforsecurity=False).digest()
    for turn in range(MD5_ROUNDS):
        digest = hashlib.md5(_turned(turn, digest, password, salt), usedforsecurity=False).digest()
    return _written(digest, MD5_ORDER)


def sha_crypt(name: str, password: bytes, salt: bytes, rounds: int) -> str:
    """The hash part of `$5$…` (`sha256`) or `$6$…` (`sha512`), by the steps of Drepper's description."""
    salt = salt[:SHA_SALT_BYTES]
    inner = hashlib.new(name, password + salt + password).digest()
    text = password + salt + _stretched(inner, len(password))
    length = len(password)
    while length:
        text += inner if length & 1 else password
        length >>= 1
    digest = hashlib.new(name, text).digest()
    p = _stretched(hashlib.new(name, password * len(password)).digest(), len(password))
    s = _stretched(hashlib.new(name, salt * (16 + digest[0])).digest(), len(salt))
    for turn in range(rounds):
        digest = hashlib.new(name, _turned(turn, digest, p, s)).digest()
    return _written(digest, SHA256_ORDER if name == "sha256" else SHA512_ORDER)


def _turned(turn: int, digest: bytes, password: bytes, salt: bytes) -> bytes:
    """What one round digests: both families mix the same way."""
    odd = turn & 1
    text = password if odd else digest
    if turn % 3:
        text += salt
    if turn % 7:
        text += password
    return text + (digest if odd else password)


def _stretched(text: bytes, length: int) -> bytes:
    return (text * (length // len(text) + 1))[:length]


def _written(digest: bytes, order: tuple[tuple[int, ...], ...]) -> str:
    letters: list[str] = []
    for group in order:
        value = int.from_bytes(bytes(digest[place] for place in group), "big")
        for _ in range(len(group) + 1):
            letters.append(ALPHABET[value & 63])
            value >>= 6
    return "".join(letters)
