"""Which of our contacts lie in the portal's recycle bin. Read once, and only after a restore."""

from datetime import datetime
from uuid import UUID

from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.looking import list_contacts
from doorward.connectors.hubspot.wire import KEY_PROPERTY

LONGEST_PAGES = 200
"""Beyond 20,000 archived contacts the rest is not looked through: these calls are everybody's."""


class Bin:
    """What one connector has learned of it."""

    def __init__(self) -> None:
        self._archived_at: dict[str, datetime] | None = None

    async def has(self, client: HubSpotClient, identity_id: UUID, since: datetime) -> bool:
        """Whether a contact that carries this identity's id was archived after `since`. Raises CallRefused."""
        if self._archived_at is None:
            self._archived_at = await _read(client)
        at = self._archived_at.get(str(identity_id))
        return at is not None and at >= since


async def _read(client: HubSpotClient) -> dict[str, datetime]:
    """When each was archived, by our id: the latest time, should an id have been used twice."""
    found: dict[str, datetime] = {}
    after: str | None = None
    for _ in range(LONGEST_PAGES):
        page = await list_contacts(client, [KEY_PROPERTY], after, archived=True)
        for contact in page.contacts:
            key, at = contact.value(KEY_PROPERTY), page.archived_at.get(contact.id)
            if key and at is not None:
                found[key] = max(at, found.get(key, at))
        after = page.after
        if after is None:
            break
    return found
