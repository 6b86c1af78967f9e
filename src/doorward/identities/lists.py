"""Pages of identities, by id, which is by time of creation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from doorward.identities.in_lists import placeholders
from doorward.identities.model import Identity
from doorward.identities.normalise import normalise_identifier
from doorward.identities.rows import IDENTITY_COLUMNS, assembled_all
from doorward.storage.contract import Reader

# All that can have identifiers: naming them lets the search go by the index, which begins with the type.
TYPES = ("password", "code", "oidc", "webauthn", "passkey", "totp", "lookup_secret", "saml")


@dataclass(frozen=True, slots=True)
class IdentityFilter:
    """Whom a list is of: some ids, who signs in with exactly this, or with what begins like this, who belongs to an
    organization. Without any of them everybody."""

    ids: tuple[UUID, ...] = ()
    identifier: str = ""
    identifier_start: str = ""
    organization_id: UUID | None = None


EVERYBODY = IdentityFilter()


async def list_identities(
    reader: Reader,
    limit: int,
    after: UUID | None = None,
    *,
    chosen: IdentityFilter = EVERYBODY,
    offset: int = 0,
    with_credentials: bool = True,
) -> list[Identity]:
    """At most `limit` identities with ids greater than `after`, or from the `offset`-th on."""
    condition, params = _condition(chosen)
    rows = await reader.fetch_all(
        f"""
        SELECT {IDENTITY_COLUMNS} FROM identities WHERE id > :after{condition}
        ORDER BY id LIMIT :limit OFFSET :offset
        """,
        {"after": after or UUID(int=0), "limit": limit, "offset": offset, **params},
    )
    return await assembled_all(reader, rows, with_credentials)


def _condition(chosen: IdentityFilter) -> tuple[str, Mapping[str, Any]]:
    if chosen.ids:
        marks, params = placeholders(chosen.ids)
        return f" AND id IN ({marks})", params
    if chosen.organization_id:
        return " AND organization_id = :organization_id", {"organization_id": chosen.organization_id}
    kinds = ", ".join(f"'{kind}'" for kind in TYPES)
    found = f" AND id IN (SELECT identity_id FROM credential_identifiers WHERE type IN ({kinds}) AND "
    if chosen.identifier:
        # Names at social providers are kept as they came, everything else in one spelling.
        names = {"given": chosen.identifier, "normal": normalise_identifier(chosen.identifier)}
        return f"{found}identifier IN (:given, :normal))", names
    if chosen.identifier_start:
        start = normalise_identifier(chosen.identifier_start)
        # Not LIKE: what was typed may hold its signs, and SQLite's does not mind capitals.
        params = {"start": start, "length": len(start)}
        return f"{found}substr(identifier, 1, CAST(:length AS integer)) = :start)", params
    return "", {}
