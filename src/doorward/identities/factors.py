"""Which second factors a person has, by the stored credentials. What a session has reached, `sessions.aal` tells."""

from collections.abc import Mapping
from typing import Any

from doorward.identities.model import Credential

TOTP, LOOKUP, WEBAUTHN, CODE = "totp", "lookup_secret", "webauthn", "code"
SECOND_FACTORS = (TOTP, LOOKUP, WEBAUTHN, CODE)


def second_factors(credentials: Mapping[str, Credential], *, is_code_factor: bool = False) -> frozenset[str]:
    """Types that can raise this person's session to aal2.

    `is_code_factor`: `methods.code.mfa_enabled`; then every address that codes can be sent to counts. A passkey made
    for signing in without a password is a first factor only.
    """
    return frozenset(kind for kind in SECOND_FACTORS if _counts(kind, credentials.get(kind), is_code_factor))


def _counts(kind: str, credential: Credential | None, is_code_factor: bool) -> bool:
    if credential is None:
        return False
    config: Mapping[str, Any] = credential.config
    match kind:
        case "totp":
            return bool(config.get("totp_url"))
        case "lookup_secret":
            return bool(config.get("recovery_codes"))
        case "webauthn":
            keys = config.get("credentials") or ()
            return any(not key.get("is_passwordless") for key in keys if isinstance(key, Mapping))
        case _:
            return is_code_factor and bool(credential.identifiers)
