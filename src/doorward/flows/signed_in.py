"""Who a session token belongs to, session and person in one statement: the question of nearly every request.

The records own their tables; this reads them together because five statements took four fifths of a whoami's time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from doorward.identities.model import Identity
from doorward.identities.rows import IDENTITY_COLUMNS, read_identity
from doorward.security.tokens import hash_token
from doorward.sessions.model import Session
from doorward.sessions.store import read_device, read_session
from doorward.storage.contract import Reader, Row
from doorward.storage.types import read_bool, read_uuid

SESSION, DEVICE, IDENTITY, VERIFIABLE, RECOVERY = "s_", "d_", "i_", "v_", "r_"
COLUMNS: Mapping[str, Sequence[str]] = {
    SESSION: ("id", "identity_id", "active", "aal", "methods", "authenticated_at", "issued_at", "expires_at"),
    DEVICE: ("id", "ip_address", "user_agent", "location"),
    IDENTITY: tuple(name.strip() for name in IDENTITY_COLUMNS.split(",")),
    VERIFIABLE: ("id", "via", "value", "verified", "status", "verified_at", "created_at", "updated_at"),
    RECOVERY: ("id", "via", "value", "created_at", "updated_at"),
}
SELECTED = ", ".join(f"{prefix[0]}.{name} AS {prefix}{name}" for prefix, names in COLUMNS.items() for name in names)
# The product of devices and addresses is small: one device for each session, a few addresses for each person.
STATEMENT = f"""
SELECT {SELECTED}, EXISTS (
  SELECT 1 FROM credentials c
  WHERE c.identity_id = i.id AND c.type IN ('totp', 'lookup_secret', 'webauthn') AND CAST(c.config AS TEXT) <> '{{}}'
) AS has_factor
FROM sessions s JOIN identities i ON i.id = s.identity_id
LEFT JOIN session_devices d ON d.session_id = s.id
LEFT JOIN verifiable_addresses v ON v.identity_id = i.id
LEFT JOIN recovery_addresses r ON r.identity_id = i.id
WHERE s.token_hash = :hash
ORDER BY d.created_at, d.id, v.created_at, v.id, r.created_at, r.id
"""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session, whether it is still good or not, and whose it is (without credentials).

    `may_have_factor` False: there is no second factor but, where they count, mailed codes.
    """

    session: Session
    identity: Identity
    may_have_factor: bool


async def find_signed_in(reader: Reader, token: str) -> SignedIn | None:
    """The session that a token opens, with its person."""
    rows = await reader.fetch_all(STATEMENT, {"hash": hash_token(token)})
    if not rows:
        return None
    identity = _part(rows[0], IDENTITY)
    return SignedIn(
        read_session(_part(rows[0], SESSION), [read_device(each) for each in _parts(rows, DEVICE)]),
        read_identity(identity, read_uuid(identity["id"]), _parts(rows, VERIFIABLE), _parts(rows, RECOVERY), {}),
        read_bool(rows[0]["has_factor"]),
    )


def _parts(rows: Sequence[Row], prefix: str) -> list[Row]:
    """One table's rows in a product, each once, in their order."""
    key = f"{prefix}id"
    found: dict[Any, Row] = {}
    for row in rows:
        if row[key] is not None and row[key] not in found:
            found[row[key]] = _part(row, prefix)
    return list(found.values())


def _part(row: Row, prefix: str) -> Row:
    return {name: row[prefix + name] for name in COLUMNS[prefix]}
