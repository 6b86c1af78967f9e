"""A contact to be written for one delivery, and what became of it: the data that the steps of a batch hand on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from doorward.connectors.hubspot.action_settings import ActionSettings
from doorward.connectors.hubspot.errors import Problem
from doorward.connectors.hubspot.wire import Contact
from doorward.delivery.contract import Job


@dataclass(frozen=True, slots=True)
class Draft:
    """Ready to be written. `always` names properties that overwrite whatever the action's rules say (consent)."""

    job: Job
    settings: ActionSettings
    properties: Mapping[str, str] = field(repr=False)
    lists: tuple[str, ...] = ()
    always: frozenset[str] = frozenset()

    @property
    def delivery_id(self) -> UUID:
        return self.job.delivery.id

    @property
    def identity_id(self) -> UUID:
        return self.job.delivery.identity_id

    @property
    def trace_id(self) -> str:
        """Unique in a batch and the same in every attempt, so that HubSpot's log can be searched by the delivery."""
        return str(self.job.delivery.id)

    @property
    def email(self) -> str:
        return self.properties.get("email", "").strip().lower()


Written = Contact | Problem
"""What became of one record of a batch."""
