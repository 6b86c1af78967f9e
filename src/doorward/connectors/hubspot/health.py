"""Looks at one connected portal without writing anything: token, account, scopes, our properties."""

from collections.abc import Sequence
from dataclasses import dataclass

from doorward.connectors.hubspot.catalogue import read_definition
from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.outcomes import with_step
from doorward.connectors.hubspot.portal import WrongPortal
from doorward.connectors.hubspot.setup import Scope, find_account, find_scopes
from doorward.connectors.hubspot.transport import CallRefused
from doorward.connectors.hubspot.wire import KEY_PROPERTY, Account, consent_property


@dataclass(frozen=True, slots=True)
class Health:
    """`troubles` are sentences, each with its step; empty means that deliveries can be made."""

    account: Account | None
    scopes: tuple[Scope, ...]
    troubles: tuple[str, ...]


async def examine(client: HubSpotClient, portal_id: str | None, purposes: Sequence[str]) -> Health:
    """Never raises for what HubSpot answers."""
    try:
        account = await find_account(client, portal_id)
        scopes = await find_scopes(client)
        troubles = [*_of_scopes(scopes), *await _of_properties(client, scopes, purposes)]
    except WrongPortal as wrong:
        return Health(None, (), (str(wrong),))
    except CallRefused as refused:
        return Health(None, (), (with_step(refused.problem),))
    return Health(account, scopes, tuple(troubles))


def _of_scopes(scopes: Sequence[Scope]) -> list[str]:
    return [
        f"The token lacks {scope.name}, which {scope.why}. Grant it in HubSpot."
        for scope in scopes
        if scope.is_needed and scope.is_granted is False
    ]


async def _of_properties(client: HubSpotClient, scopes: Sequence[Scope], purposes: Sequence[str]) -> list[str]:
    if any(scope.name == "crm.schemas.contacts.read" and scope.is_granted is False for scope in scopes):
        return []
    shapes = await client.list_properties()
    found = {each.name: each for each in map(read_definition, shapes) if each is not None}
    key = found.get(KEY_PROPERTY)
    troubles = []
    if key is None:
        troubles.append(f"The portal has no contact property {KEY_PROPERTY}. Run `doorward hubspot connect`.")
    elif not key.is_unique:
        troubles.append(f"The contact property {KEY_PROPERTY} is not unique. Delete it in HubSpot and connect again.")
    missing = [name for name in map(consent_property, purposes) if name not in found]
    troubles += [f"The portal has no contact property {name}. Run `doorward hubspot connect`." for name in missing]
    return troubles
