"""Formats of stored password hashes: which one a text is, what it costs, whether a password fits it.

bcrypt and Argon2 are described here, the formats of other systems beside it. A further one is one more HashFormat.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import argon2
import bcrypt

from doorward.security import imported_digests as digests
from doorward.security import imported_kdfs as kdfs
from doorward.security import unix_crypt

BCRYPT_LIMIT_BYTES = 72
BCRYPT = re.compile(r"\$(2[abyz]?)\$(\d\d)\$([./A-Za-z0-9]{53})")
ARGON2 = re.compile(
    r"\$(argon2id|argon2i)\$v=19\$m=(?P<m>\d+),t=(?P<t>\d+),p=(?P<p>\d+)\$[A-Za-z0-9+/]+=*\$[A-Za-z0-9+/]+=*"
)
# Above these one guess would cost the server more than it may (Kratos refuses to import them, too).
BCRYPT_COST_MAX = 15
ARGON2_MEMORY_KIB_MAX = 1 << 20
ARGON2_ITERATIONS_MAX = 10
ARGON2_PARALLELISM_MAX = 16


@dataclass(frozen=True, slots=True)
class HashFormat:
    """`is_mine` and `is_affordable` look at the encoded hash only; `verify` computes, on a worker thread."""

    name: str
    is_mine: Callable[[str], bool]
    is_affordable: Callable[[str], bool]
    verify: Callable[[bytes, str], bool]


def is_bcrypt(encoded: str) -> bool:
    return BCRYPT.fullmatch(encoded) is not None


def bcrypt_cost(encoded: str) -> int:
    """The cost inside; 0 if it is no bcrypt hash."""
    match = BCRYPT.fullmatch(encoded)
    return int(match[2]) if match else 0


def verify_bcrypt(password: bytes, encoded: str) -> bool:
    """bcrypt looks at 72 bytes only: a longer password would be accepted whatever it ends with, so it fits nothing.

    The marks `$2$` and `$2z$` differ from `$2a$` in nothing that a modern implementation does.
    """
    if encoded.startswith(("$2$", "$2z$")):
        encoded = f"$2a${encoded.partition('$2')[2].partition('$')[2]}"
    try:
        # The work is done in any case: time does not tell whether there is an account.
        fits = bcrypt.checkpw(password[:BCRYPT_LIMIT_BYTES], encoded.encode())
    except ValueError:
        return False
    return fits and len(password) <= BCRYPT_LIMIT_BYTES


def is_argon2(encoded: str) -> bool:
    return ARGON2.fullmatch(encoded) is not None


def is_affordable_argon2(encoded: str) -> bool:
    match = ARGON2.fullmatch(encoded)
    return (
        match is not None
        and 1 <= int(match["m"]) <= ARGON2_MEMORY_KIB_MAX
        and 1 <= int(match["t"]) <= ARGON2_ITERATIONS_MAX
        and 1 <= int(match["p"]) <= ARGON2_PARALLELISM_MAX
    )


def verify_argon2(password: bytes, encoded: str) -> bool:
    kind = argon2.Type.ID if encoded.startswith("$argon2id$") else argon2.Type.I
    # Other programs pad the two base64 fields; the reference implementation does not take that.
    unpadded = "$".join(part.rstrip("=") for part in encoded.split("$"))
    try:
        return argon2.low_level.verify_secret(unpadded.encode(), password, kind)
    except argon2.exceptions.VerificationError:
        return False


def is_any(_encoded: str) -> bool:
    """Every hash of the format is cheap."""
    return True


FORMATS: tuple[HashFormat, ...] = (
    HashFormat("argon2", is_argon2, is_affordable_argon2, verify_argon2),
    HashFormat("bcrypt", is_bcrypt, lambda encoded: 4 <= bcrypt_cost(encoded) <= BCRYPT_COST_MAX, verify_bcrypt),
    HashFormat("pbkdf2", kdfs.is_pbkdf2, kdfs.is_affordable_pbkdf2, kdfs.verify_pbkdf2),
    HashFormat("scrypt", kdfs.is_scrypt, kdfs.is_affordable_scrypt, kdfs.verify_scrypt),
    HashFormat("firescrypt", kdfs.is_firebase, kdfs.is_affordable_firebase, kdfs.verify_firebase),
    HashFormat("ssha", digests.is_ldap, is_any, digests.verify_ldap),
    HashFormat("sha", digests.is_formatted, is_any, digests.verify_formatted),
    HashFormat("hmac", digests.is_hmac, is_any, digests.verify_hmac),
    HashFormat("crypt", unix_crypt.is_crypt, unix_crypt.is_affordable_crypt, unix_crypt.verify_crypt),
)
