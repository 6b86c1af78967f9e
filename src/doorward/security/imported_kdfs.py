"""Password hashes of other systems that are slow on purpose: PBKDF2, scrypt, and Firebase's scrypt.

Notations and quirks are Kratos's import formats: `sha224` and `sha384` of PBKDF2 are SHA-3, an unknown digest is
SHA-256, and `ln` of scrypt is N itself, while that of Firebase is its logarithm.
"""

import base64
import binascii
import hashlib
import hmac
import re

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PBKDF2 = re.compile(r"\$pbkdf2-(sha\d{1,3})\$i=(\d{1,9}),l=(\d{1,5})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)")
SCRYPT = re.compile(r"\$scrypt\$ln=(\d{1,9}),r=(\d{1,5}),p=(\d{1,5})\$([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]+=*)")
FIREBASE = re.compile(
    r"\$firescrypt\$ln=(\d{1,2}),r=(\d{1,5}),p=(\d{1,5})"
    r"\$([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]*=*)\$([A-Za-z0-9+/]+=*)"
)
DIGESTS = {"sha1": "sha1", "sha224": "sha3_224", "sha384": "sha3_384", "sha512": "sha512"}
# Above these one guess would cost the server more than it may.
PBKDF2_ITERATIONS_MAX = 10_000_000
SCRYPT_N_MAX, SCRYPT_R_MAX, SCRYPT_P_MAX = 1 << 17, 8, 10
# N = 2^17 and r = 8 need 128 MiB, and OpenSSL a little more.
SCRYPT_LIMIT_BYTES = 160 << 20
KEY_BYTES = 32
ZERO_COUNTER = bytes(16)


def is_pbkdf2(encoded: str) -> bool:
    return PBKDF2.fullmatch(encoded) is not None


def is_affordable_pbkdf2(encoded: str) -> bool:
    match = PBKDF2.fullmatch(encoded)
    return match is not None and 1 <= int(match[2]) <= PBKDF2_ITERATIONS_MAX


def verify_pbkdf2(password: bytes, encoded: str) -> bool:
    match = PBKDF2.fullmatch(encoded)
    if match is None:
        return False
    digest = DIGESTS.get(match[1], "sha256")
    salt, expected = unpadded(match[4]), unpadded(match[5])
    if not salt or not expected:
        return False
    derived = hashlib.pbkdf2_hmac(digest, password, salt, int(match[2]), len(expected))
    return hmac.compare_digest(derived, expected)


def is_scrypt(encoded: str) -> bool:
    match = SCRYPT.fullmatch(encoded)
    return match is not None and padded(match[4]) is not None and padded(match[5]) is not None


def is_affordable_scrypt(encoded: str) -> bool:
    match = SCRYPT.fullmatch(encoded)
    return match is not None and is_affordable(int(match[1]), int(match[2]), int(match[3]))


def verify_scrypt(password: bytes, encoded: str) -> bool:
    match = SCRYPT.fullmatch(encoded)
    if match is None:
        return False
    salt, expected = padded(match[4]), padded(match[5])
    if not salt or not expected:
        return False
    derived = scrypt(password, salt, int(match[1]), int(match[2]), int(match[3]), len(expected))
    return derived is not None and hmac.compare_digest(derived, expected)


def is_firebase(encoded: str) -> bool:
    match = FIREBASE.fullmatch(encoded)
    return match is not None and all(padded(match[part]) is not None for part in (4, 5, 6, 7))


def is_affordable_firebase(encoded: str) -> bool:
    match = FIREBASE.fullmatch(encoded)
    return match is not None and is_affordable(1 << int(match[1]), int(match[2]), int(match[3]))


def verify_firebase(password: bytes, encoded: str) -> bool:
    """The derived key encrypts the project's signer key; what comes out is the hash (firebase/scrypt)."""
    match = FIREBASE.fullmatch(encoded)
    if match is None:
        return False
    salt, expected, separator, signer = (padded(match[part]) for part in (4, 5, 6, 7))
    if not salt or not expected or separator is None or not signer:
        return False
    n, r, p = 1 << int(match[1]), int(match[2]), int(match[3])
    key = scrypt(password, salt + separator, n, r, p, KEY_BYTES)
    if key is None:
        return False
    encryptor = Cipher(algorithms.AES(key), modes.CTR(ZERO_COUNTER)).encryptor()
    return hmac.compare_digest(encryptor.update(signer) + encryptor.finalize(), expected)


def is_affordable(n: int, r: int, p: int) -> bool:
    return 1 < n <= SCRYPT_N_MAX and 1 <= r <= SCRYPT_R_MAX and 1 <= p <= SCRYPT_P_MAX


def scrypt(password: bytes, salt: bytes, n: int, r: int, p: int, length_bytes: int) -> bytes | None:
    """The derived key; None where n is no power of two, which scrypt does not know."""
    try:
        return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=SCRYPT_LIMIT_BYTES, dklen=length_bytes)
    except ValueError:
        return None


def padded(text: str) -> bytes | None:
    """Standard base64 with its padding; None for anything else."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def unpadded(text: str) -> bytes | None:
    """Standard base64 without padding; None for anything else."""
    return None if "=" in text else padded(text + "=" * (-len(text) % 4))
