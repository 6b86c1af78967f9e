"""Whose a contact was when it was made, told by HubSpot's history of our key property, where our memory does not say.

An answer that was lost leaves a contact that we made and do not remember. Taken for one that others made, it would keep
its first values for ever, and outlive its person.
"""

from collections.abc import Sequence
from uuid import UUID

from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.looking import AT_ONCE, Past, read_pasts
from doorward.connectors.hubspot.transport import CallRefused
from doorward.connectors.hubspot.wire import KEY_PROPERTY


async def find_made_by_us(client: HubSpotClient, identity_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of the identities whose contact carried their id from its birth on; nobody where HubSpot does not tell.

    One call for fifty; none without identities.
    """
    if not identity_ids:
        return frozenset()
    wanted = {str(each): each for each in identity_ids}
    try:
        pasts = await read_pasts(client, list(wanted), [KEY_PROPERTY])
    except CallRefused:
        return frozenset()  # what is not known to be ours is left as others may have written it
    keys = {past.contact.value(KEY_PROPERTY) for past in pasts if was_made_by_us(past)}
    return frozenset(identity_id for key, identity_id in wanted.items() if key in keys)


def was_made_by_us(past: Past) -> bool:
    """Whether the first value of our key is today's and as old as the contact."""
    if past.unkeyed_for is None or past.unkeyed_for > AT_ONCE:
        return False
    return past.versions[KEY_PROPERTY][-1].value == past.contact.value(KEY_PROPERTY)
