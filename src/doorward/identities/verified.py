"""An identity as it will be once one of its addresses is proved; nothing is stored."""

from dataclasses import replace
from datetime import datetime

from doorward.identities.model import AddressStatus, Identity


def with_verified(identity: Identity, via: str, value: str, at: datetime) -> Identity:
    """The identity with that address verified; one that is verified already keeps its time."""
    return replace(
        identity,
        verifiable_addresses=tuple(
            replace(each, verified=True, status=AddressStatus.COMPLETED, verified_at=at, updated_at=at)
            if (each.via, each.value) == (via, value) and not each.verified
            else each
            for each in identity.verifiable_addresses
        ),
    )
