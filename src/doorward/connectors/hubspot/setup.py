"""Makes a portal ready: whose token it is, what it may do, our group and properties. Safe to repeat.

Writes nothing on this machine; `setup_files` does. Raises CallRefused, WrongPortal, PortalNotReady.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from doorward.connectors.hubspot.catalogue import PropertyDefinition, read_definition
from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.errors import Verdict
from doorward.connectors.hubspot.portal import WrongPortal
from doorward.connectors.hubspot.transport import CallRefused
from doorward.connectors.hubspot.wire import GROUP, KEY_PROPERTY, Account, consent_property
from doorward.errors import Misconfigured


class PortalNotReady(Misconfigured):
    """The HubSpot account lacks something that only its administrator can give."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One permission of the token: `is_granted` None means that nothing needed it, so it was not tried."""

    name: str
    is_granted: bool | None
    is_needed: bool
    why: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was found and done. `made` and `kept` are names of properties, `missing` those that could not be made."""

    account: Account
    scopes: tuple[Scope, ...]
    made: tuple[str, ...]
    kept: tuple[str, ...]
    missing: tuple[str, ...]
    shapes: tuple[Mapping[str, Any], ...] = field(repr=False)


async def find_account(client: HubSpotClient, expected: str | None) -> Account:
    """The token's account. Raises WrongPortal when another one was expected."""
    account = await client.account()
    if expected is not None and account.portal_id != expected:
        raise WrongPortal(
            f"The token belongs to the HubSpot account {account.portal_id}, not to {expected}. Nothing was changed."
        )
    return account


async def prepare(client: HubSpotClient, expected: str | None, purposes: Sequence[str]) -> Prepared:
    """Checks everything, creates what is missing. Raises PortalNotReady with the step that only a person can take."""
    account = await find_account(client, expected)
    scopes = [await _may_read_contacts(client), await _may_write_contacts(client)]
    refused = [scope.name for scope in scopes if scope.is_granted is False]
    if refused:
        raise PortalNotReady(f"The token lacks {' and '.join(refused)}. Grant them in HubSpot, then run this again.")
    shapes = await _list_properties(client)
    definitions = {each.name: each for each in map(read_definition, shapes or ()) if each is not None}
    wanted = [key_definition(), *(consent_definition(purpose) for purpose in purposes)]
    made, missing = await _create(client, [each for each in wanted if each["name"] not in definitions])
    if made:
        shapes = await _list_properties(client)
        definitions = {each.name: each for each in map(read_definition, shapes or ()) if each is not None}
    _require_key(definitions.get(KEY_PROPERTY), can_read=shapes is not None, is_missing=KEY_PROPERTY in missing)
    kept = tuple(each["name"] for each in wanted if each["name"] not in {*made, *missing})
    return Prepared(
        account=account,
        scopes=(*scopes, *_schema_scopes(shapes is not None, bool(made), bool(missing))),
        made=tuple(made),
        kept=kept,
        missing=tuple(missing),
        shapes=shapes or (),
    )


async def find_scopes(client: HubSpotClient) -> tuple[Scope, ...]:
    """What the token may do, without writing anything."""
    shapes = await _list_properties(client)
    return (
        await _may_read_contacts(client),
        await _may_write_contacts(client),
        *_schema_scopes(shapes is not None, was_made=False, is_missing=False),
    )


def key_definition() -> dict[str, Any]:
    """Our unique property, as HubSpot's properties API takes it."""
    return {
        "groupName": GROUP,
        "name": KEY_PROPERTY,
        "label": "Doorward identity id",
        "description": "Links the contact to the person's account. Do not edit.",
        "type": "string",
        "fieldType": "text",
        "hasUniqueValue": True,
        "formField": False,
    }


def consent_definition(purpose: str) -> dict[str, Any]:
    """The property that mirrors the newest answer about one purpose."""
    options = [
        {"label": label, "value": value, "displayOrder": order, "hidden": False}
        for order, (label, value) in enumerate((("Yes", "true"), ("No", "false")))
    ]
    return {
        "groupName": GROUP,
        "name": consent_property(purpose),
        "label": f"Doorward consent: {purpose}",
        "description": "The person's newest answer. Written by Doorward; receipts are kept there.",
        "type": "bool",
        "fieldType": "booleancheckbox",
        "options": options,
        "formField": False,
    }


async def _may_read_contacts(client: HubSpotClient) -> Scope:
    granted = await _is_allowed(client, "GET", f"{client.paths.contacts}?limit=1")
    return Scope("crm.objects.contacts.read", granted, True, "finds out whose contact an e-mail is")


async def _may_write_contacts(client: HubSpotClient) -> Scope:
    # An empty batch changes nothing; whether it is refused for its scope or for being empty tells the two apart.
    granted = await _is_allowed(client, "POST", client.paths.batch("update"), {"inputs": []})
    return Scope("crm.objects.contacts.write", granted, True, "creates and updates contacts")


def _schema_scopes(can_read: bool, was_made: bool, is_missing: bool) -> tuple[Scope, Scope]:
    can_write = True if was_made else (False if is_missing else None)
    return (
        Scope("crm.schemas.contacts.read", can_read, False, "learns which values each property takes"),
        Scope("crm.schemas.contacts.write", can_write, is_missing, "creates the properties, once"),
    )


async def _is_allowed(client: HubSpotClient, method: str, path: str, body: object = None) -> bool:
    try:
        await client.transport.call(client.allowance, method, path, body)
    except CallRefused as refused:
        if refused.problem.verdict is Verdict.SCOPE:
            return False
        if refused.problem.status == 400:
            return True
        raise
    return True


async def _list_properties(client: HubSpotClient) -> tuple[Mapping[str, Any], ...] | None:
    """None when the token may not read definitions."""
    try:
        return await client.list_properties()
    except CallRefused as refused:
        if refused.problem.verdict is Verdict.SCOPE:
            return None
        raise


async def _create(client: HubSpotClient, wanted: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """Names made (or found to exist after all) and names that the token may not make."""
    if not wanted:
        return [], []
    names = [str(each["name"]) for each in wanted]
    try:
        group = {"name": GROUP, "label": "Doorward", "displayOrder": -1}
        await client.create(client.paths.property_groups, group)
        for definition in wanted:
            await client.create(client.paths.properties, definition)
    except CallRefused as refused:
        if refused.problem.verdict is Verdict.SCOPE:
            return [], names
        raise
    return names, []


def _require_key(found: PropertyDefinition | None, *, can_read: bool, is_missing: bool) -> None:
    by_hand = (
        f"a contact property with the internal name {KEY_PROPERTY}, single-line text, with the rule "
        "'Require unique values for this property'"
    )
    if is_missing and can_read and found is None:
        raise PortalNotReady(
            "The token lacks crm.schemas.contacts.write, so the key property could not be made. "
            f"Grant the scope, or make it by hand: {by_hand}. Then run this again."
        )
    if found is not None and (found.type != "string" or not found.is_unique):
        raise PortalNotReady(
            f"The portal has a property {KEY_PROPERTY} that is not a unique text, and HubSpot cannot change that "
            f"afterwards. Delete it in HubSpot, then run this again; or make {by_hand}."
        )
