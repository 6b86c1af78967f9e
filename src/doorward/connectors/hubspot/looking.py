"""Reads that the write path never needs: pages of all contacts, the recycle bin, the former values of properties.

Every function raises CallRefused. Shapes: HubSpot's contacts API, list and batch/read with propertiesWithHistory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.errors import Verdict
from doorward.connectors.hubspot.transport import CallRefused
from doorward.connectors.hubspot.wire import KEY_PROPERTY, Contact, read_body, read_contact

PAGE = 100
AT_ONCE = timedelta(seconds=1)
"""A contact whose key is no younger than that was made with it."""
HISTORY_LIMIT = 50
"""The most contacts of one read with former values."""


@dataclass(frozen=True, slots=True)
class Version:
    """A value that a property had from `at` on."""

    value: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """A contact and what its properties were, newest version first. `created_at` is HubSpot's time, as versions are."""

    contact: Contact
    created_at: datetime | None
    versions: Mapping[str, tuple[Version, ...]] = field(repr=False)

    @property
    def unkeyed_for(self) -> timedelta | None:
        """How old it was when it first got a key of ours: both times are HubSpot's, so no two clocks are compared.

        None where HubSpot does not tell."""
        keyed = self.versions.get(KEY_PROPERTY, ())
        return keyed[-1].at - self.created_at if keyed and self.created_at is not None else None


@dataclass(frozen=True, slots=True)
class Page:
    """Contacts in HubSpot's order; `after` leads to the next page, None on the last one."""

    contacts: tuple[Contact, ...]
    archived_at: Mapping[str, datetime]
    after: str | None


async def list_contacts(
    client: HubSpotClient, properties: Sequence[str], after: str | None = None, *, archived: bool = False
) -> Page:
    """A page of all contacts of the portal, or of its recycle bin (which keeps them for 90 days)."""
    query = {"limit": str(PAGE), "properties": ",".join(properties), "archived": str(archived).lower()}
    if after is not None:
        query["after"] = after
    path = f"{client.paths.contacts}?{urlencode(query, quote_via=quote)}"
    body = (await client.transport.call(client.allowance, "GET", path)).body
    shapes = _results(body)
    contacts = tuple(contact for shape in shapes if (contact := read_contact(shape)) is not None)
    times = {str(shape.get("id")): _time(shape.get("archivedAt")) for shape in shapes}
    return Page(contacts, {name: at for name, at in times.items() if at is not None}, _after(body))


async def read_pasts(client: HubSpotClient, ids: Sequence[str], names: Sequence[str]) -> list[Past]:
    """Those of the contacts that carry one of our `ids` now, with the former values of `names`."""
    pasts: list[Past] = []
    for start in range(0, len(ids), HISTORY_LIMIT):
        body = read_body(ids[start : start + HISTORY_LIMIT], names, KEY_PROPERTY)
        shapes = await _batch_read(client, {**body, "propertiesWithHistory": list(names)})
        pasts += [past for shape in shapes if (past := _past(shape)) is not None]
    return pasts


async def read_archived(client: HubSpotClient, contact_ids: Sequence[str]) -> Mapping[str, datetime | None]:
    """When each of up to 100 contacts was archived, by record id; absent for those that are not in the bin."""
    if not contact_ids:
        return {}
    shapes = await _batch_read(client, read_body(contact_ids, [KEY_PROPERTY], None), "?archived=true")
    return {str(shape.get("id")): _time(shape.get("archivedAt")) for shape in shapes}


async def _batch_read(client: HubSpotClient, body: Mapping[str, Any], query: str = "") -> list[Mapping[str, Any]]:
    try:
        answer = await client.transport.call(client.allowance, "POST", client.paths.batch("read") + query, body)
    except CallRefused as refused:
        if refused.problem.verdict is Verdict.GONE:
            return []
        raise
    return _results(answer.body)


def _results(body: object) -> list[Mapping[str, Any]]:
    results = body.get("results") if isinstance(body, Mapping) else None
    return [each for each in results if isinstance(each, Mapping)] if isinstance(results, list) else []


def _after(body: object) -> str | None:
    paging = body.get("paging") if isinstance(body, Mapping) else None
    following = paging.get("next") if isinstance(paging, Mapping) else None
    after = following.get("after") if isinstance(following, Mapping) else None
    return str(after) if after else None


def _past(shape: Mapping[str, Any]) -> Past | None:
    contact = read_contact(shape)
    if contact is None:
        return None
    given = shape.get("propertiesWithHistory")
    histories = given if isinstance(given, Mapping) else {}
    versions = {str(name): _versions(each) for name, each in histories.items()}
    return Past(contact, _time(shape.get("createdAt")), versions)


def _versions(given: object) -> tuple[Version, ...]:
    shapes = [each for each in given if isinstance(each, Mapping)] if isinstance(given, list) else []
    found = [
        Version(str(shape.get("value") or ""), at)
        for shape in shapes
        if (at := _time(shape.get("timestamp"))) is not None
    ]
    return tuple(sorted(found, key=lambda each: each.at, reverse=True))


def _time(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
