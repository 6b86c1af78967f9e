"""Where a person's contacts are, in each portal that the configuration names, as we remember it."""

from dataclasses import dataclass
from uuid import UUID

from doorward.app.core import Core
from doorward.connectors.hubspot.facts_store import find_facts
from doorward.connectors.hubspot.links import StoredLinks
from doorward.connectors.hubspot.wire import contact_url

CONNECTOR = "hubspot"


@dataclass(frozen=True, slots=True)
class Contact:
    """`url` is where an administrator looks at it, None while the portal is not known; `is_adopted`: not made by us."""

    destination: str
    id: str
    is_adopted: bool
    url: str | None


class Contacts:
    """None may be there although something was delivered: a plain web_hook reaches HubSpot, too."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def list_contacts(self, identity_id: UUID) -> list[Contact]:
        """At most one for each destination."""
        core, found = self._core, list[Contact]()
        for name in (name for name, each in core.config.destinations.items() if each.connector == CONNECTOR):
            link = (await StoredLinks(core.database, name, core.clock).find_links([identity_id])).get(identity_id)
            if link is None:
                continue
            account = (await find_facts(core.database, name)).account
            url = None if account is None else contact_url(account.ui_domain, account.portal_id, link.contact_id)
            found.append(Contact(name, link.contact_id, link.is_adopted, url))
        return found
