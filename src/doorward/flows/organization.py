"""`?organization=`: a form for the members of an organisation, which sign in at a provider of theirs.

There are no such providers here; as in Kratos without one, such a form offers nothing.
"""

from collections.abc import Mapping

from doorward.ids import find_uuid

ORGANIZATION = "organization_id"


def asked_organization(query: Mapping[str, str]) -> dict[str, str | None]:
    """What a flow shows of it; what is no UUID is left out."""
    asked = find_uuid(query.get("organization", ""))
    return {ORGANIZATION: str(asked) if asked else None}
