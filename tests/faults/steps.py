"""The steps that reasons tell people to take, taken: a step that does not help is found here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from doorward.delivery.pauses import list_pauses, resume
from doorward.delivery.replay import replay
from doorward.outbox.model import Delivery
from doorward.storage.contract import Transaction
from faults.kinds import mended
from faults.town import MEMBERSHIP, Person, Town
from portalsim.contacts import lookup
from portalsim.happenings import happen, new_token_value
from portalsim.tokens import SCOPES, Token

Take = Callable[[Town, Person, Delivery], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Step:
    """`told` are the words of the reason that name it, `short` what the page calls it, `does` what a person does:
    commands of `doorward` in backticks, and what is set in HubSpot."""

    told: str
    short: str
    does: str
    take: Take


async def new_key(town: Town, person: Person, row: Delivery) -> None:
    portal = town.nearby.portal
    value = new_token_value(portal, "service_key")
    portal.tokens.put(Token(value, "second", "service_key", SCOPES, 1002, portal.clock.now_ms()))
    town.token = value
    town.restart(len(town.dispatchers))
    await connect(town, person, row)


async def grant_scope(town: Town, person: Person, row: Delivery) -> None:
    portal = town.nearby.portal
    found = portal.tokens.find(town.token)
    assert found is not None
    portal.tokens.set_scopes(found, SCOPES)
    await connect(town, person, row)


async def connect(town: Town, person: Person, row: Delivery) -> None:
    """`doorward hubspot connect` makes what is missing in the portal and ends the pauses."""
    await town.connect()
    await resume_all(town)


async def resume_all(town: Town) -> None:
    """`doorward pauses resume`"""

    async def work(tx: Transaction) -> None:
        for each in await list_pauses(tx, town.clock.now()):
            await resume(tx, each.scope, each.name, town.clock.now())

    await town.database.transaction(work)


async def create_property(town: Town, person: Person, row: Delivery) -> None:
    mended(town, MEMBERSHIP)
    await resume_all(town)


async def verify(town: Town, person: Person, row: Delivery) -> None:
    await town.house.verify(person.id, person.email)
    town.proven.add(person.email)


async def merge_and_replay(town: Town, person: Person, row: Delivery) -> None:
    own, other = town.contact_of(person), lookup.find_any(town.nearby.portal, person.email, "email")
    assert own is not None
    if other is not None and other.id != own.id:
        happen(town.nearby.portal, {"action": "merge_contacts", "primary": str(own.id), "other": str(other.id)})
    await send_again(town, person, row)


async def send_again(town: Town, person: Person, row: Delivery) -> None:
    """`doorward deliveries replay`"""
    await replay(town.database, town.clock, row.id, "test")


STEPS: Mapping[str, Step] = {
    "token_refused": Step(
        "Make a new service key in HubSpot and run `doorward hubspot connect` with it",
        "new key, connect",
        "a new key under HubSpot's Development > Keys, then `doorward hubspot connect`",
        new_key,
    ),
    "scope_missing": Step(
        "Grant the scope to the key in HubSpot, then: Run `doorward hubspot connect`",
        "scope granted, connect",
        "the scope in the key's settings in HubSpot, then `doorward hubspot connect`",
        grant_scope,
    ),
    "key_property": Step(
        "Run `doorward hubspot connect`", "connect", "`doorward hubspot connect`, which makes the property", connect
    ),
    "property_missing": Step(
        "Create the property in HubSpot",
        "property made, resume",
        "the property in HubSpot's property settings, then `doorward pauses resume`",
        create_property,
    ),
    "address_not_verified": Step(
        "until the person has verified the address",
        "person verifies",
        "the person follows the mail's link, or an administrator who knows runs `doorward identities verify`",
        verify,
    ),
    "email_of_other_contact": Step(
        "Merge the two contacts in HubSpot, then replay the delivery",
        "merge, replay",
        "Merge in the contact's record in HubSpot, then `doorward deliveries replay`",
        merge_and_replay,
    ),
}
