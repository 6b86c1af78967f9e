"""Authenticated encryption under the operator's secrets: AES-256-GCM, the first secret encrypts, all of them decrypt.

A ciphertext is: version (1 byte), key id (4), nonce (12), AES-GCM text and tag (NIST SP 800-38D). What is encrypted
for which purpose is the business of `keys` and `tokens`.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from doorward.errors import DoorwardError, Misconfigured

VERSION = b"\x01"
KEY_ID_BYTES = 4
NONCE_BYTES = 12
HEADER_BYTES = len(VERSION) + KEY_ID_BYTES
SECRET_MIN_BYTES = 16


class WeakSecret(Misconfigured):
    """A secret is too short. Use at least 16 characters; 32 random ones are best."""


class SecretMissing(Misconfigured):
    """A stored value was encrypted with a secret that is no longer in the configuration. Add it again, as the last."""


class Tampered(DoorwardError):
    """A stored or received value was changed, damaged, or belongs to another place."""


@dataclass(frozen=True, slots=True)
class DerivedKey:
    """One secret, made into an AES key for one purpose. `id` tells which it is without telling what it is."""

    id: bytes
    aead: AESGCM = field(repr=False)


def derive_key(secret: bytes | str, purpose: str) -> DerivedKey:
    """HKDF-SHA-256 (RFC 5869): a secret of any length gives keys that differ by purpose. Raises WeakSecret."""
    material = secret.encode() if isinstance(secret, str) else secret
    if len(material) < SECRET_MIN_BYTES:
        raise WeakSecret(f"A secret has {len(material)} bytes; at least {SECRET_MIN_BYTES} are needed.")
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"doorward/" + purpose.encode()).derive(material)
    return DerivedKey(hashlib.sha256(b"doorward/key-id" + key).digest()[:KEY_ID_BYTES], AESGCM(key))


class Cipher:
    """Encrypts with the first key. Its repr and its errors hold neither key nor plaintext."""

    def __init__(self, keys: Sequence[bytes | str], purpose: str = "payloads") -> None:
        """`keys` as in `secrets.cipher`; ciphertexts of one `purpose` cannot be opened under another.

        Raises WeakSecret, SecretMissing without any key.
        """
        if not keys:
            raise SecretMissing("No secret is configured to encrypt with.")
        self._keys = tuple(derive_key(key, purpose) for key in keys)
        self._by_id = {key.id: key for key in reversed(self._keys)}

    def encrypt(self, plaintext: bytes, associated: bytes) -> bytes:
        """`associated` (e.g. the row's id) must be given again to decrypt: a ciphertext cannot be moved elsewhere."""
        key = self._keys[0]
        header = VERSION + key.id
        nonce = secrets.token_bytes(NONCE_BYTES)
        return header + nonce + key.aead.encrypt(nonce, plaintext, header + associated)

    def decrypt(self, ciphertext: bytes, associated: bytes) -> bytes:
        """Raises SecretMissing when it was made with an unknown key, Tampered when it is not intact."""
        header, nonce, sealed = split(ciphertext)
        key = self._by_id.get(header[len(VERSION) :])
        if key is None:
            raise SecretMissing()
        try:
            return key.aead.decrypt(nonce, sealed, header + associated)
        except InvalidTag:
            raise Tampered() from None

    def needs_rotation(self, ciphertext: bytes) -> bool:
        """Whether another key than the first made it."""
        header, _, _ = split(ciphertext)
        return header[len(VERSION) :] != self._keys[0].id


def split(ciphertext: bytes) -> tuple[bytes, bytes, bytes]:
    """Header, nonce, and the rest. Raises Tampered if it is none of ours."""
    if len(ciphertext) < HEADER_BYTES + NONCE_BYTES + 16 or ciphertext[:1] != VERSION:
        raise Tampered()
    body = HEADER_BYTES + NONCE_BYTES
    return ciphertext[:HEADER_BYTES], ciphertext[HEADER_BYTES:body], ciphertext[body:]
