"""`?organization=`: a form for the members of an organisation, which sign in at a provider of theirs.

There are no such providers here; as in Kratos without one, such a form offers nothing.
"""

from collections.abc import Mapping

from doorward.ids import uuid_from

ORGANIZATION = "organization_id"


def asked_organization(query: Mapping[str, str]) -> dict[str, str | None]:
    """What a flow shows of it; what is no UUID is left out."""
    try:
        return {ORGANIZATION: str(uuid_from(query.get("organization", "")))}
    except ValueError:
        return {ORGANIZATION: None}
