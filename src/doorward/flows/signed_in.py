"""Who a session token belongs to, session and person in one statement: the question of nearly every request.

The records own their tables; this reads them together because five statements took four fifths of a whoami's time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from doorward.identities.model import Identity
from doorward.identities.person import ADDRESSES, ORDER, PERSON, part_of, parts_of, read_person, selected
from doorward.security.tokens import hash_token
from doorward.sessions.model import Session
from doorward.sessions.store import read_device, read_session
from doorward.storage.contract import Reader
from doorward.storage.types import read_bool

SESSION, DEVICE = "s_", "d_"
COLUMNS: Mapping[str, Sequence[str]] = {
    SESSION: ("id", "identity_id", "active", "aal", "methods", "authenticated_at", "issued_at", "expires_at"),
    DEVICE: ("id", "ip_address", "user_agent", "location"),
}
SELECTED = selected({**COLUMNS, **PERSON})
# One device for each session.
STATEMENT = f"""
SELECT {SELECTED}, EXISTS (
  SELECT 1 FROM credentials c
  WHERE c.identity_id = i.id AND c.type IN ('totp', 'lookup_secret', 'webauthn') AND CAST(c.config AS TEXT) <> '{{}}'
) AS has_factor
FROM sessions s JOIN identities i ON i.id = s.identity_id
LEFT JOIN session_devices d ON d.session_id = s.id
{ADDRESSES}
WHERE s.token_hash = :hash
ORDER BY d.created_at, d.id, {ORDER}
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
    own = part_of(rows[0], SESSION, COLUMNS[SESSION])
    devices = [read_device(each) for each in parts_of(rows, DEVICE, COLUMNS[DEVICE])]
    return SignedIn(read_session(own, devices), read_person(rows), read_bool(rows[0]["has_factor"]))
