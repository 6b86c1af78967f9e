"""What the console's screens look at: made once by `app`, handed to each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from doorward.clock import Clock
from doorward.delivery.admission import Actions
from doorward.storage.contract import Database
from doorward.ui.console.commands import Commands


class Contact(Protocol):
    """A record in somebody else's system; `url` is where an administrator looks at it."""

    @property
    def destination(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def is_adopted(self) -> bool: ...
    @property
    def url(self) -> str | None: ...


class Contacts(Protocol):
    """Knows where a person's contacts are."""

    async def list_contacts(self, identity_id: UUID) -> Sequence[Contact]: ...


@dataclass(frozen=True, slots=True)
class House:
    """`connectors` maps configured destinations to their connector; `waits_long` is when waiting becomes a trouble."""

    database: Database
    clock: Clock
    actions: Actions
    contacts: Contacts
    commands: Commands
    connectors: Mapping[str, str]
    waits_long: timedelta
    public_url: str

    @property
    def destinations(self) -> list[str]:
        """Those of the configuration: named there, or called by an action."""
        names = [*self.connectors, *(each.destination for each in self.actions.list_actions())]
        return list(dict.fromkeys(names))
