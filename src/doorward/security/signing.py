"""Signed messages after the Standard Webhooks specification: HMAC-SHA256 over id, time and body, with key rotation.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from doorward.errors import InvalidInput, Misconfigured

PREFIX = "whsec_"
VERSION = "v1"
MIN_KEY_BYTES, MAX_KEY_BYTES = 24, 64
TOLERANCE = timedelta(minutes=5)


class BadSigningSecret(Misconfigured):
    """A signing secret must be `whsec_` and the base64 of 24 to 64 random bytes."""


class BadSignature(InvalidInput):
    """The message is not signed by a known key, or not now."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Keys in use, the newest first. All of them sign, any of them verifies: a receiver may change in its own time."""

    keys: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def parse(cls, secrets: Iterable[str]) -> "SigningKeys":
        """From `whsec_…` texts. Raises BadSigningSecret."""
        return cls(tuple(_key(secret) for secret in secrets))

    def sign(self, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
        """The headers `webhook-id`, `webhook-timestamp` (seconds) and `webhook-signature`."""
        timestamp = str(int(at.timestamp()))
        signatures = [f"{VERSION},{_mac(key, message_id, timestamp, body)}" for key in self.keys]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(signatures),
        }

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Raises BadSignature unless a key signed this within five minutes. Header names in any case."""
        given = {name.lower(): value for name, value in headers.items()}
        message_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 13 and message_id):
            raise BadSignature("The headers webhook-id and webhook-timestamp are missing or damaged.")
        if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
            raise BadSignature("The message was signed too long ago, or in the future.")
        signatures = [text.partition(",") for text in given.get("webhook-signature", "").split()]
        offered = [mac.encode() for version, _, mac in signatures if version == VERSION]
        expected = [_mac(key, message_id, timestamp, body).encode() for key in self.keys]
        # every pair is compared, so that the time taken tells nothing about which key fits
        fitting = sum(hmac.compare_digest(ours, theirs) for ours in expected for theirs in offered)
        if not fitting:
            raise BadSignature("No signature fits.")


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise BadSigningSecret from None
    if not secret.startswith(PREFIX) or not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise BadSigningSecret
    return key


def _mac(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
