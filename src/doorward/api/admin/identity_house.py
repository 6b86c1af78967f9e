"""What the endpoints for identities share: who stores, who hashes, and the addresses that answers name."""

from dataclasses import dataclass

from doorward.clock import Clock
from doorward.identities.events import Cause
from doorward.identities.service import IdentityService
from doorward.observability.tracing import current_trace_id
from doorward.security.passwords import PasswordHasher
from doorward.storage.contract import Database


@dataclass(frozen=True, slots=True)
class IdentityHouse:
    """`public_url` and `admin_url` end with a slash; `is_code_first`: whether people may sign in with a code alone."""

    database: Database
    identities: IdentityService
    passwords: PasswordHasher
    clock: Clock
    public_url: str
    admin_url: str
    is_code_first: bool = False

    def cause(self) -> Cause:
        """Why something changes here: an administrator's program asked for it."""
        return Cause(source="admin", trace_id=current_trace_id(), actor="admin")
