"""Which stored credentials can raise a session."""

from datetime import UTC, datetime
from typing import Any

import pytest

from doorward.identities.factors import second_factors
from doorward.identities.model import Credential

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def credential(kind: str, config: dict[str, Any], *identifiers: str) -> Credential:
    return Credential(kind, identifiers, config, 0, NOW, NOW)


@pytest.mark.parametrize(
    ("made", "is_code_factor", "counts"),
    [
        (credential("password", {"hashed_password": "x"}, "a@b.c"), False, False),
        (credential("totp", {"totp_url": "otpauth://totp/x"}), False, True),
        (credential("totp", {}), False, False),
        (credential("lookup_secret", {"recovery_codes": [{"code": "x"}]}), False, True),
        (credential("lookup_secret", {"recovery_codes": []}), False, False),
        (credential("webauthn", {"credentials": [{"is_passwordless": False}]}), False, True),
        (credential("webauthn", {"credentials": [{"is_passwordless": True}]}), False, False),
        (credential("webauthn", {"credentials": None}, "a@b.c"), False, False),
        (credential("code", {}, "a@b.c"), False, False),
        (credential("code", {}, "a@b.c"), True, True),
        (credential("code", {}), True, False),
    ],
)
def test_what_counts(made: Credential, is_code_factor: bool, counts: bool) -> None:
    found = second_factors({made.type: made}, is_code_factor=is_code_factor)
    assert found == (frozenset({made.type}) if counts else frozenset())
