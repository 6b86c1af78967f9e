"""HubSpot's paths by API version, and its contacts and batches as data. Knows no rule and sends nothing.

Shapes: HubSpot's contacts API, versions v3 and 2026-03 (https://developers.hubspot.com/docs/api-reference/latest).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

ApiVersion = Literal["v3", "2025-09", "2026-03", "2026-09"]
API_VERSIONS: tuple[ApiVersion, ...] = ("2026-03", "v3", "2025-09", "2026-09")
DEFAULT_VERSION: ApiVersion = "2026-03"
DEFAULT_BASE_URL = "https://api.hubapi.com"

KEY_PROPERTY = "doorward_identity_id"
"""Our unique contact property: the identity's id. Created by `doorward hubspot connect`."""
GROUP = "doorward"
BATCH_LIMIT = 100
CONTACT = "0-1"


def consent_property(purpose: str) -> str:
    """The contact property that mirrors the newest answer about `purpose`; HubSpot's names are lower-case letters,
    digits and underscores."""
    safe = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in purpose.lower())
    return f"doorward_consent_{safe}"


@dataclass(frozen=True, slots=True)
class Paths:
    """Every path that is called, for one API version. Dated versions put the version after the resource."""

    version: ApiVersion

    def _versioned(self, area: str, resource: str) -> str:
        return f"/{area}/v3/{resource}" if self.version == "v3" else f"/{area}/{resource}/{self.version}"

    @property
    def contacts(self) -> str:
        return f"{self._versioned('crm', 'objects')}/contacts"

    def batch(self, verb: Literal["upsert", "read", "update", "archive"]) -> str:
        return f"{self.contacts}/batch/{verb}"

    @property
    def gdpr_delete(self) -> str:
        return f"{self.contacts}/gdpr-delete"

    @property
    def properties(self) -> str:
        return f"{self._versioned('crm', 'properties')}/contacts"

    @property
    def property_groups(self) -> str:
        return f"{self.properties}/groups"

    def list_of(self, list_id: str) -> str:
        return f"{self._versioned('crm', 'lists')}/{list_id}"

    def list_add(self, list_id: str) -> str:
        return f"{self.list_of(list_id)}/memberships/add"

    @property
    def account(self) -> str:
        return "/account-info/v3/details" if self.version == "v3" else f"/account-info/{self.version}/details"


@dataclass(frozen=True, slots=True)
class BatchInput:
    """One record of a batch. With `id_property` None, `id` is HubSpot's record id."""

    id: str
    properties: Mapping[str, str] = field(repr=False)
    trace_id: str
    id_property: str | None = None

    def json(self) -> dict[str, Any]:
        shape: dict[str, Any] = {
            "id": self.id,
            "properties": dict(self.properties),
            "objectWriteTraceId": self.trace_id,
        }
        return shape if self.id_property is None else {**shape, "idProperty": self.id_property}


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact as HubSpot shows it. `properties` holds what was asked for; None and absent both mean empty."""

    id: str
    properties: Mapping[str, str | None] = field(repr=False)
    trace_id: str | None = None
    is_new: bool | None = None
    url: str | None = None

    def value(self, name: str) -> str:
        """The property, or an empty text."""
        return self.properties.get(name) or ""


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """What a batch did. `errors` are HubSpot's error objects as they came; 200, 201 and 207 are read alike."""

    contacts: tuple[Contact, ...]
    errors: tuple[Mapping[str, Any], ...]
    status: int


@dataclass(frozen=True, slots=True)
class Account:
    """The portal that a token belongs to (account-info)."""

    portal_id: str
    account_type: str
    time_zone: str
    utc_offset_ms: int
    ui_domain: str
    hosting: str


def batch_body(inputs: Sequence[BatchInput]) -> dict[str, Any]:
    return {"inputs": [each.json() for each in inputs]}


def read_body(ids: Sequence[str], properties: Sequence[str], id_property: str | None) -> dict[str, Any]:
    """Body of batch/read; by record id when `id_property` is None."""
    body: dict[str, Any] = {
        "inputs": [{"id": each} for each in ids],
        "properties": list(properties),
        "propertiesWithHistory": [],
    }
    return body if id_property is None else {**body, "idProperty": id_property}


def read_contact(shape: object) -> Contact | None:
    """A record from an answer, None if it is none: an answer is never trusted to have the documented form."""
    if not isinstance(shape, Mapping) or not isinstance(shape.get("id"), str | int):
        return None
    properties = shape.get("properties")
    trace = shape.get("objectWriteTraceId")
    is_new = shape.get("new")
    url = shape.get("url")
    return Contact(
        id=str(shape["id"]),
        properties=_texts(properties) if isinstance(properties, Mapping) else {},
        trace_id=trace if isinstance(trace, str) else None,
        is_new=is_new if isinstance(is_new, bool) else None,
        url=url if isinstance(url, str) else None,
    )


def read_batch(body: object, status: int) -> BatchAnswer:
    """The records and errors of a batch answer; both empty when the body is not one."""
    if not isinstance(body, Mapping):
        return BatchAnswer((), (), status)
    results = body.get("results")
    errors = body.get("errors")
    found = [read_contact(each) for each in results] if isinstance(results, list) else []
    return BatchAnswer(
        contacts=tuple(contact for contact in found if contact is not None),
        errors=tuple(each for each in errors if isinstance(each, Mapping)) if isinstance(errors, list) else (),
        status=status,
    )


def read_account(body: object) -> Account | None:
    """The account details, None when the answer has no portal id."""
    if not isinstance(body, Mapping) or not isinstance(body.get("portalId"), str | int):
        return None
    offset = body.get("utcOffsetMilliseconds")
    return Account(
        portal_id=str(body["portalId"]),
        account_type=str(body.get("accountType") or ""),
        time_zone=str(body.get("timeZone") or "UTC"),
        utc_offset_ms=offset if isinstance(offset, int) else 0,
        ui_domain=str(body.get("uiDomain") or "app.hubspot.com"),
        hosting=str(body.get("dataHostingLocation") or ""),
    )


def contact_url(ui_domain: str, portal_id: str, contact_id: str) -> str:
    """Where a person looks at the contact."""
    return f"https://{ui_domain}/contacts/{portal_id}/record/{CONTACT}/{contact_id}"


def _texts(properties: Mapping[str, Any]) -> dict[str, str | None]:
    return {str(name): None if value is None else str(value) for name, value in properties.items()}
