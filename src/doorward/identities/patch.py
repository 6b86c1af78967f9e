"""A blocking hook's answer applied to an identity: each named field is replaced whole.

As Kratos does with a web_hook's `response.parse`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from doorward.identities.model import AddressStatus, Identity, VerifiableAddress
from doorward.identities.normalise import normalise_address
from doorward.ids import new_row_id


def apply_patch(identity: Identity, patch: Mapping[str, Any], at: datetime) -> Identity:
    """Fields that may be patched: traits, schema_id, state, metadata_*, external_id and the verifiable addresses.

    Addresses that the traits do not produce are dropped later, when the lists are derived again.
    """
    changed = replace(
        identity,
        traits=patch.get("traits", identity.traits),
        schema_id=patch.get("schema_id") or identity.schema_id,
        state=patch.get("state") or identity.state,
        metadata_public=patch.get("metadata_public", identity.metadata_public),
        metadata_admin=patch.get("metadata_admin", identity.metadata_admin),
        external_id=(patch["external_id"] or None) if "external_id" in patch else identity.external_id,
    )
    addresses = patch.get("verifiable_addresses") or ()
    if not addresses:
        return changed
    return replace(changed, verifiable_addresses=tuple(_address(each, at) for each in addresses))


def _address(given: Mapping[str, Any], at: datetime) -> VerifiableAddress:
    via = str(given.get("via") or "")  # an address without one is none of the traits' addresses
    is_verified = given.get("verified") is True
    return VerifiableAddress(
        id=new_row_id(),
        value=normalise_address(str(given.get("value", "")), via),
        via=via,
        verified=is_verified,
        status=str(given.get("status") or (AddressStatus.COMPLETED if is_verified else AddressStatus.PENDING)),
        verified_at=at if is_verified else None,
        created_at=at,
        updated_at=at,
    )
