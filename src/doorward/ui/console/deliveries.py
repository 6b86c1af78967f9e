"""The list of deliveries, newest first: by state, action, destination and identity, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.outbox.query import Filter
from doorward.outbox.search import search_deliveries
from doorward.outbox.states import WAITING, State
from doorward.ui.console.door import Door, Guest
from doorward.ui.console.house import House
from doorward.ui.console.pages import ConsolePages

PER_PAGE = 50
ADDRESS = "/console/deliveries"
GROUPS: Mapping[str, tuple[State, ...]] = {
    "": (),
    "waiting": tuple(state for state in State if state in WAITING),
    **{str(state): (state,) for state in State},
}
"""What may stand in `state`: a state, or the three that the accounting calls waiting."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The filter as it was typed, so that it can be shown again; `mistake` says what of it cannot be read."""

    state: str = ""
    action: str = ""
    destination: str = ""
    identity: str = ""
    before: UUID | None = None
    mistake: str = ""

    @property
    def is_narrow(self) -> bool:
        return bool(self.state or self.action or self.destination or self.identity)

    def filter(self) -> Filter:
        """For the search. Only for one without a mistake."""
        identity_id = UUID(self.identity) if self.identity else None
        return Filter(GROUPS[self.state], self.destination or None, self.action or None, identity_id)

    def address(self, before: UUID | None = None) -> str:
        """The address of this list, or of its page behind `before`."""
        fields = {
            "state": self.state,
            "action": self.action,
            "destination": self.destination,
            "identity": self.identity,
            "before": "" if before is None else str(before),
        }
        query = urlencode({name: value for name, value in fields.items() if value})
        return f"{ADDRESS}?{query}" if query else ADDRESS


class DeliveriesScreen:
    """/console/deliveries"""

    def __init__(self, house: House, door: Door, pages: ConsolePages) -> None:
        self._house = house
        self._door = door
        self._pages = pages

    def routes(self) -> list[Route]:
        return [Route(ADDRESS, self._door.guarded(self.show), include_in_schema=False)]

    async def show(self, request: Request, guest: Guest) -> Response:
        house = self._house
        asked = read_asked(request.query_params)
        page = None
        if not asked.mistake:
            page = await search_deliveries(house.database, asked.filter(), PER_PAGE, before=asked.before)
        return self._pages.page(
            "deliveries.html",
            "deliveries",
            guest.csrf,
            400 if page is None else 200,
            asked=asked,
            page=page,
            older="" if page is None or page.before is None else asked.address(page.before),
            newest=asked.address(),
            states=[name for name in GROUPS if name],
            actions=_with(asked.action, [each.name for each in house.actions.list_actions()]),
            destinations=_with(asked.destination, house.destinations),
            public_url=house.public_url,
        )


def read_asked(query: Mapping[str, str]) -> Asked:
    """Whatever cannot be read is named, and what was typed stays."""
    given = {name: query.get(name, "").strip() for name in ("state", "action", "destination", "identity")}
    before = _as_id(query.get("before", ""))
    mistake = ""
    if given["state"] not in GROUPS:
        mistake = "There is no such state."
    elif given["identity"] and _as_id(given["identity"]) is None:
        mistake = "That is no identity id. For an e-mail address, look under People."
    elif query.get("before") and before is None:
        mistake = "The address of this page is incomplete. Start at the newest."
    return Asked(**given, before=before, mistake=mistake)


def _with(chosen: str, names: list[str]) -> list[str]:
    """A filter by something that the configuration does not have any more stays choosable."""
    return list(dict.fromkeys([*names, *([chosen] if chosen else [])]))


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
