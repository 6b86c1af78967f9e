"""Where is my contact? One person's time line, found by e-mail or id, in the words of `doorward hubspot where`."""

from collections.abc import Mapping
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.delivery.explain import Entry, TimeLine, explain
from doorward.errors import NotFound
from doorward.identities.query import find_ids_by_email
from doorward.outbox.states import WAITING
from doorward.ui.console.door import Door, Guest
from doorward.ui.console.house import House
from doorward.ui.console.look import Verdict
from doorward.ui.console.pages import ConsolePages
from doorward.ui.console.sign_in import read_fields
from doorward.web.responses import redirect

ADDRESS = "/console/people"
NOBODY = "Nobody here has this e-mail or id. Of somebody who was deleted only the id is known: look under Deliveries."


class NobodyHere(NotFound):
    """Nobody here has this id, and no delivery tells of it."""


class PeopleScreens:
    """/console/people, and one person's page. The e-mail is sent by POST: it stays out of addresses and logs."""

    def __init__(self, house: House, door: Door, pages: ConsolePages) -> None:
        self._house = house
        self._door = door
        self._pages = pages

    def routes(self) -> list[Route]:
        return [
            Route(ADDRESS, self._door.guarded(self.ask), include_in_schema=False),
            Route(ADDRESS, self._door.guarded(self.find), methods=["POST"], include_in_schema=False),
            Route(f"{ADDRESS}/{{id}}", self._door.guarded(self.show), include_in_schema=False),
        ]

    async def ask(self, _request: Request, guest: Guest) -> Response:
        return self._form(guest)

    async def find(self, request: Request, guest: Guest) -> Response:
        """To the person, or a choice where several have the address."""
        sent = await read_fields(request)
        if not guest.has_sent(sent.get("csrf", "")):
            return self._pages.error(403)
        who = sent.get("who", "").strip()
        if not who:
            return self._form(guest, mistake="Type an e-mail address or an identity id.")
        found = await self._ids(who)
        if len(found) == 1 and await self._is_known(found[0]):
            return redirect(request, f"{ADDRESS}/{found[0]}")
        if len(found) > 1:
            return self._form(guest, who=who, found=found)
        return self._form(guest, who=who, mistake=NOBODY)

    async def show(self, request: Request, guest: Guest) -> Response:
        identity_id = _as_id(request.path_params["id"])
        line = None if identity_id is None else await self._explain(identity_id)
        if line is None or not (line.is_here or line.entries):
            raise NobodyHere("Nobody here has this id, and no delivery tells of it.")
        return self._pages.page(
            "person.html",
            "people",
            guest.csrf,
            line=line,
            verdict=judge(line),
            kinds=[kind_of(each) for each in line.entries],
            contacts=await self._house.contacts.list_contacts(line.identity_id),
            commands=self._house.commands.for_person(str(line.identity_id)),
        )

    async def _ids(self, who: str) -> list[UUID]:
        own = _as_id(who)
        if own is not None:
            return [own]
        # No address holds a control character, and PostgreSQL would refuse some.
        return await find_ids_by_email(self._house.database.reader, who) if who.isprintable() else []

    async def _explain(self, identity_id: UUID) -> TimeLine:
        return await explain(self._house.database, self._house.actions, self._house.clock, identity_id)

    async def _is_known(self, identity_id: UUID) -> bool:
        line = await self._explain(identity_id)
        return line.is_here or bool(line.entries)

    def _form(self, guest: Guest, *, who: str = "", mistake: str = "", found: list[UUID] | None = None) -> Response:
        status = 404 if mistake and who else (400 if mistake else 200)
        return self._pages.page(
            "people.html", "people", guest.csrf, status, who=who, mistake=mistake, found=found or []
        )


ANSWERS: Mapping[str, tuple[int, str, str]] = {
    "unexplained": (4, "bad", "Nothing was queued, and nobody knows why"),
    "dead": (3, "bad", "Given up"),
    "held": (2, "wait", "Held"),
    "retryable": (2, "wait", "On its way, after a failure"),
    "pending": (2, "wait", "On its way"),
    "leased": (1, "wait", "Being sent right now"),
    "delivered": (0, "ok", "Delivered"),
    "skipped": (-1, "none", "Not sent, and rightly so"),
    "cancelled": (-2, "none", "Taken back"),
    "uncovered": (-3, "none", "Not sent"),
}
"""By standing: how grave it is, its colour, and the answer."""


def judge(line: TimeLine) -> Verdict:
    """What an administrator asks about this person first."""
    if not line.standings:
        return Verdict("none", "Not sent", "No action concerns this person.")
    worst = max(line.standings, key=lambda each: ANSWERS[each.state][0])
    # Only what is held at this moment has such an entry; whatever came later for the person waits behind it.
    held = next((each for each in line.entries if each.kind == "held" and each.action == worst.action), None)
    if held is not None and worst.state in WAITING:
        return Verdict(
            "wait", "Held", f"{worst.action} → {worst.destination}: waits behind an earlier one, {held.text}"
        )
    _, kind, title = ANSWERS[worst.state]
    return Verdict(kind, title, f"{worst.action} → {worst.destination}: {worst.text}")


def kind_of(entry: Entry) -> str:
    """The colour of one moment; most need none."""
    if entry.kind == "attempt":
        return "ok" if " delivered" in entry.text else "wait"
    if entry.kind in ("held", "waiting"):
        return "wait"
    if entry.kind == "ended":
        return ANSWERS.get(entry.text.partition(" ")[0].rstrip(":"), (0, "none", ""))[1]
    return "none"


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
