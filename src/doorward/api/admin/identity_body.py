"""The body of a new identity, as POST /admin/identities and the batch take it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from doorward.api.admin.credential_body import GivenCredentials, read_credentials
from doorward.api.admin.typed_json import JsonFields
from doorward.errors import InvalidInput
from doorward.identities.draft import NewCredential, NewIdentity
from doorward.identities.model import AddressStatus, State, VerifiableAddress
from doorward.identities.normalise import normalise_address
from doorward.ids import new_row_id

CREATE_FIELDS = (
    "schema_id",
    "traits",
    "credentials",
    "metadata_public",
    "metadata_admin",
    "verifiable_addresses",
    "recovery_addresses",
    "state",
    "external_id",
    "organization_id",
    "region",
)
REGIONS = frozenset({"eu-central", "asia-northeast", "us-east", "us-west", "us", "asia", "eu", "global"})


@dataclass(frozen=True, slots=True)
class GivenIdentity:
    """A body that was read: everything is there but the hash of a plain password."""

    schema_id: str
    traits: Any = field(repr=False)
    state: str
    credentials: GivenCredentials = field(repr=False)
    metadata_public: Any = field(repr=False)
    metadata_admin: Any = field(repr=False)
    external_id: str | None
    organization_id: Any
    region: str | None
    addresses: tuple[VerifiableAddress, ...] = field(repr=False)

    def to_new(self, credentials: tuple[NewCredential, ...]) -> NewIdentity:
        """What the service takes."""
        return NewIdentity(
            schema_id=self.schema_id,
            traits=self.traits,
            credentials=credentials,
            state=self.state,
            metadata_public=self.metadata_public,
            metadata_admin=self.metadata_admin,
            external_id=self.external_id,
            organization_id=self.organization_id,
            verifiable_addresses=self.addresses,
        )


def read_new_identity(value: Any, default_schema: str, at: datetime) -> GivenIdentity:
    """Raises MalformedBody for wrong types and unknown names, InvalidInput for values that nothing can be made of."""
    given = JsonFields(value).allow(*CREATE_FIELDS)
    for each in given.objects("recovery_addresses"):
        each.allow("id", "value", "via", "created_at", "updated_at", "break_glass_for_organization")
    return GivenIdentity(
        schema_id=given.text("schema_id") or default_schema,
        traits=given.raw("traits"),
        state=read_state(given.text("state")) or State.ACTIVE,
        credentials=read_credentials(given.fields("credentials")),
        metadata_public=given.raw("metadata_public"),
        metadata_admin=given.raw("metadata_admin"),
        external_id=given.text("external_id") or None,
        organization_id=given.uuid("organization_id"),
        region=read_region(given.text("region")),
        addresses=tuple(_address(each, at) for each in given.objects("verifiable_addresses")),
    )


def read_state(state: str | None) -> str | None:
    """None for an empty one: it is left as it is."""
    if state and state not in (State.ACTIVE, State.INACTIVE):
        raise InvalidInput(f"{state!r} is no state of an identity; it is active or inactive.")
    return state or None


def read_region(region: str | None) -> str | None:
    """Kept by nobody here, but clients of Ory Network send it."""
    if region and region not in REGIONS:
        raise InvalidInput(f"{region!r} is no region.")
    return region or None


def _address(given: JsonFields, at: datetime) -> VerifiableAddress:
    given.allow("id", "value", "verified", "via", "status", "verified_at", "created_at", "updated_at")
    via, is_verified = given.text("via") or "", given.flag("verified") or False
    verified_at = given.time("verified_at") or at if is_verified else None
    status = given.text("status") or (AddressStatus.COMPLETED if is_verified else AddressStatus.PENDING)
    return VerifiableAddress(
        id=given.uuid("id") or new_row_id(),
        value=normalise_address(given.text("value") or "", via),
        via=via,
        verified=is_verified,
        status=status,
        verified_at=verified_at,
        created_at=at,
        updated_at=at,
    )


def shown_region(body: Mapping[str, Any], region: str | None) -> dict[str, Any]:
    """An answer that repeats the region that was given, as Kratos's does."""
    return {**body, "region": region} if region else dict(body)
