"""`?organization=`: a form for the members of an organisation, which sign in at a provider of theirs.

There are no such providers here; as in Kratos without one, such a form offers nothing.
"""

from collections.abc import Mapping
from uuid import UUID

ORGANIZATION = "organization_id"


def asked_organization(query: Mapping[str, str]) -> dict[str, str | None]:
    """What a flow shows of it; what is no UUID is left out."""
    try:
        return {ORGANIZATION: str(UUID(query.get("organization", "")))}
    except ValueError:
        return {ORGANIZATION: None}
