"""Which second factors a person has, by the stored credentials. What a session has reached, `sessions.aal` tells."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from doorward.identities.model import Credential
from doorward.storage.contract import Reader
from doorward.storage.types import read_json

TOTP, LOOKUP, WEBAUTHN, CODE = "totp", "lookup_secret", "webauthn", "code"
SECOND_FACTORS = (TOTP, LOOKUP, WEBAUTHN, CODE)


def second_factors(credentials: Mapping[str, Credential], *, is_code_factor: bool = False) -> frozenset[str]:
    """Types that can raise this person's session to aal2.

    `is_code_factor`: `methods.code.mfa_enabled`; then every address that codes can be sent to counts. A passkey made
    for signing in without a password is a first factor only.
    """
    return frozenset(kind for kind in SECOND_FACTORS if _counts(kind, credentials.get(kind), is_code_factor))


async def load_second_factors(reader: Reader, identity_id: UUID, *, is_code_factor: bool = False) -> frozenset[str]:
    """`second_factors` of a stored person, in one statement (two where codes count)."""
    rows = await reader.fetch_all(
        """
        SELECT type, config FROM credentials
        WHERE identity_id = :id AND type IN ('totp', 'lookup_secret', 'webauthn')
        """,
        {"id": identity_id},
    )
    found = {row["type"] for row in rows if _is_usable(row["type"], read_json(row["config"]))}
    if is_code_factor and await _has_code_address(reader, identity_id):
        found.add(CODE)
    return frozenset(found)


async def _has_code_address(reader: Reader, identity_id: UUID) -> bool:
    row = await reader.fetch_one(
        "SELECT 1 AS one FROM credential_identifiers WHERE identity_id = :id AND type = 'code' LIMIT 1",
        {"id": identity_id},
    )
    return row is not None


def _counts(kind: str, credential: Credential | None, is_code_factor: bool) -> bool:
    if credential is None:
        return False
    if kind == CODE:
        return is_code_factor and bool(credential.identifiers)
    return _is_usable(kind, credential.config)


def _is_usable(kind: str, config: Mapping[str, Any]) -> bool:
    match kind:
        case "totp":
            return bool(config.get("totp_url"))
        case "lookup_secret":
            return bool(config.get("recovery_codes"))
        case _:
            keys = config.get("credentials") or ()
            return any(not key.get("is_passwordless") for key in keys if isinstance(key, Mapping))
