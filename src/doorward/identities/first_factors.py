"""Which ways somebody has to sign in, and how many: the last one is not taken away."""

from collections.abc import Mapping
from typing import Any

from doorward.identities.model import Identity

MIGRATION_HOOK = "use_password_migration_hook"
"""Key of a password's config: an older system knows it, and `migrate_hook` asks there (as in Kratos)."""


def knows_password(config: Mapping[str, Any]) -> bool:
    """Whether a password's config holds one, here or in the older system."""
    return bool(config.get("hashed_password") or config.get(MIGRATION_HOOK))


def count_first_factors(identity: Identity, *, is_code_first: bool) -> int:
    """Each provider and each key counts. `is_code_first`: whether the configuration lets a code be a first factor."""
    config = {kind: each.config for kind, each in identity.credentials.items()}
    empty: Mapping[str, Any] = {}
    keys = [each for each in config.get("webauthn", empty).get("credentials") or () if each.get("is_passwordless")]
    code = identity.credentials.get("code")
    return (
        knows_password(config.get("password", empty))
        + len(config.get("oidc", empty).get("providers") or ())
        + len(config.get("saml", empty).get("providers") or ())
        + len(keys)
        + len(config.get("passkey", empty).get("credentials") or ())
        + (is_code_first and code is not None and bool(code.identifiers))
    )
