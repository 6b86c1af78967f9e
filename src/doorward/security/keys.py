"""A key per person, kept wrapped by the operator's secret. Deleting it makes all that it sealed unreadable at once.

Where wrapped keys are kept is the business of `storage.identity_keys`.
"""

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from doorward.errors import Misconfigured
from doorward.security.cipher import NONCE_BYTES, Cipher, Tampered

KEY_BYTES = 32
VERSION = b"\x02"


class KeyFileUnusable(Misconfigured):
    """The file that holds the development key cannot be used."""


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """AES-256-GCM under one person's key; a sealed value is bound to the person and to the row that holds it."""

    identity_id: UUID
    secret: bytes = field(repr=False)

    def seal(self, row_id: UUID, plaintext: bytes) -> bytes:
        """Version, nonce, text and tag."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return VERSION + nonce + AESGCM(self.secret).encrypt(nonce, plaintext, self._associated(row_id))

    def open(self, row_id: UUID, sealed: bytes) -> bytes:
        """Raises Tampered when it is damaged, or was sealed for another row or person."""
        if sealed[:1] != VERSION:
            raise Tampered()
        nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return AESGCM(self.secret).decrypt(nonce, rest, self._associated(row_id))
        except (InvalidTag, ValueError):
            raise Tampered() from None

    def _associated(self, row_id: UUID) -> bytes:
        return VERSION + self.identity_id.bytes + row_id.bytes


def new_identity_key(identity_id: UUID) -> IdentityKey:
    return IdentityKey(identity_id, secrets.token_bytes(KEY_BYTES))


def wrap(cipher: Cipher, key: IdentityKey) -> bytes:
    """The key for storing, bound to its person."""
    return cipher.encrypt(key.secret, key.identity_id.bytes)


def unwrap(cipher: Cipher, identity_id: UUID, wrapped: bytes) -> IdentityKey:
    """Raises SecretMissing, Tampered."""
    return IdentityKey(identity_id, cipher.decrypt(wrapped, identity_id.bytes))


def dev_key_file(path: Path) -> str:
    """The secret in `path`, made there (mode 0600) at the first call, for `--dev` only. Raises KeyFileUnusable.

    Two processes that start at once agree: the file appears complete or not at all.
    """
    try:
        if not path.exists():
            draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(KEY_BYTES) + "\n")
            try:
                # A hard link fails where the other process was first; a rename would replace its key.
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        if path.stat().st_mode & 0o077:
            raise KeyFileUnusable(f"{path} can be read by other users. Run: chmod 600 {path}")
        secret = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise KeyFileUnusable(f"{path} cannot be used: {reason}.") from None
    if not secret:
        raise KeyFileUnusable(f"{path} is empty. Delete it to have a new key made; old payloads become unreadable.")
    return secret
