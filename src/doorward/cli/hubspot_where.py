"""`doorward hubspot where`: one person's time line, and where their contact is, or why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from doorward.app.contacts import Contacts
from doorward.app.core import Core
from doorward.cli.output import print_table, say
from doorward.delivery.explain import explain
from doorward.errors import NotFound
from doorward.identities.query import find_ids_by_email


class NobodyFound(NotFound):
    """Nobody here has this e-mail or id."""


async def where(core: Core, who: str) -> list[dict[str, Any]]:
    """The time lines of everybody with this e-mail, or of the identity with this id, as JSON values."""
    found = [_as_id(who)] if _as_id(who) else await find_ids_by_email(core.database.reader, who.strip().lower())
    told = [await _told(core, each) for each in found if each is not None]
    told = [each for each in told if each["is_here"] or each["timeline"]]
    if not told:
        raise NobodyFound(
            "Nobody here has this e-mail or id. Of somebody who was deleted only the id is known: look in "
            "`doorward deliveries list`."
        )
    return told


async def _told(core: Core, identity_id: UUID) -> dict[str, Any]:
    line = await explain(core.database, core.table, core.clock, identity_id)
    return {
        "identity_id": str(identity_id),
        "is_here": line.is_here,
        "contacts": await _contacts(core, identity_id),
        "standings": [asdict(each) for each in line.standings],
        "timeline": [asdict(each) for each in line.entries],
    }


async def _contacts(core: Core, identity_id: UUID) -> Sequence[Mapping[str, Any]]:
    """The contact in each portal, as we remember it."""
    return [
        {"destination": each.destination, "id": each.id, "adopted": each.is_adopted, "url": each.url}
        for each in await Contacts(core).list_contacts(identity_id)
    ]


def tell_where(told: Sequence[Mapping[str, Any]]) -> None:
    """For people."""
    for each in told:
        say(f"identity {each['identity_id']}{'' if each['is_here'] else ' (deleted here)'}")
        rows = [(f"{entry['at']:%Y-%m-%d %H:%M:%S}", entry["action"], entry["text"]) for entry in each["timeline"]]
        print_table(("when (UTC)", "action", "what"), rows)
        for contact in each["contacts"]:
            adopted = ", was there before" if contact["adopted"] else ""
            say(f"{contact['destination']}: contact {contact['id']}{adopted}  {contact['url'] or ''}".rstrip())
        if not each["contacts"]:
            say("No contact.")
        for standing in each["standings"]:
            say(f"  {standing['action']}: {standing['text']}")


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
