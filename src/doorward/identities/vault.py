"""Keeps the secrets of second factors unreadable in the database: sealed under the operator's secrets.

What was written before it was sealed (an import) is read as it is, and sealed when it is written next.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from doorward.identities.model import Credential, Identity
from doorward.security.cipher import Cipher

PREFIX = "sealed:"
SECRETS: Mapping[str, str] = {"totp": "totp_url", "lookup_secret": "recovery_codes"}
"""The part of a credential's config that is secret, by type."""


class CredentialVault:
    """Seals and opens the config of credentials; what is sealed belongs to one person and one type."""

    def __init__(self, keys: Sequence[bytes | str]) -> None:
        """`keys` as in `secrets.cipher`: the first one seals, all open. Raises WeakSecret, SecretMissing."""
        self._cipher = Cipher(keys, "credentials")

    def seal(self, identity_id: UUID, kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
        """A config as it is stored."""
        name = SECRETS.get(kind, "")
        if name not in config or is_sealed(config[name]):
            return dict(config)
        sealed = self._cipher.encrypt(orjson.dumps(config[name]), _place(identity_id, kind))
        return {**config, name: PREFIX + base64.b64encode(sealed).decode()}

    def open(self, identity_id: UUID, kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
        """A config as its owner made it. Raises SecretMissing, Tampered."""
        name = SECRETS.get(kind, "")
        if not is_sealed(config.get(name)):
            return dict(config)
        sealed = base64.b64decode(config[name][len(PREFIX) :])
        return {**config, name: orjson.loads(self._cipher.decrypt(sealed, _place(identity_id, kind)))}

    def find(self, identity: Identity, kind: str) -> dict[str, Any] | None:
        """The opened config of one of a person's credentials; None where there is none, or nothing in it."""
        credential = identity.credentials.get(kind)
        if credential is None or not credential.config.get(SECRETS[kind]):
            return None
        return self.open(identity.id, kind, credential.config)

    def opened(self, identity: Identity) -> Identity:
        """The person with readable credentials, for an administrator who asked for them."""
        return self._each(identity, self.open)

    def sealed(self, identity: Identity) -> Identity:
        """The person with credentials as they are stored."""
        return self._each(identity, self.seal)

    def is_outdated(self, credential: Credential) -> bool:
        """Whether a credential is not sealed with the first key."""
        value = credential.config.get(SECRETS.get(credential.type, ""))
        if not value:
            return False
        return not is_sealed(value) or self._cipher.needs_rotation(base64.b64decode(value[len(PREFIX) :]))

    def _each(self, identity: Identity, change: Any) -> Identity:
        kept = {
            kind: replace(each, config=change(identity.id, kind, each.config)) if kind in SECRETS else each
            for kind, each in identity.credentials.items()
        }
        return replace(identity, credentials=kept)


def is_sealed(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(PREFIX)


def _place(identity_id: UUID, kind: str) -> bytes:
    return f"{identity_id}:{kind}".encode()
