"""How many ways somebody has to sign in at all: the last one is not taken away."""

from collections.abc import Mapping
from typing import Any

from doorward.identities.model import Identity


def count_first_factors(identity: Identity, *, is_code_first: bool) -> int:
    """Each provider and each key counts. `is_code_first`: whether the configuration lets a code be a first factor."""
    config = {kind: each.config for kind, each in identity.credentials.items()}
    empty: Mapping[str, Any] = {}
    password = config.get("password", empty)
    keys = [each for each in config.get("webauthn", empty).get("credentials") or () if each.get("is_passwordless")]
    code = identity.credentials.get("code")
    return (
        bool(password.get("hashed_password") or password.get("use_password_migration_hook"))
        + len(config.get("oidc", empty).get("providers") or ())
        + len(config.get("saml", empty).get("providers") or ())
        + len(keys)
        + len(config.get("passkey", empty).get("credentials") or ())
        + (is_code_first and code is not None and bool(code.identifiers))
    )
