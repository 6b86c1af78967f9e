"""A line of an import file as a new identity: the body of POST /admin/identities, or what an export or Kratos's admin
API shows. Nothing of a line gets into the reason why it is refused: it may hold passwords."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO
from uuid import UUID

from doorward.api.admin.identity_body import CREATE_FIELDS, GivenIdentity, read_new_identity
from doorward.api.admin.typed_json import JsonFields
from doorward.errors import InvalidInput
from doorward.web.form_body import Unreadable
from doorward.web.json_body import first_value

LIMIT_BYTES = 5 << 20
SHOWN_ONLY = ("id", "schema_url", "state_changed_at", "created_at", "updated_at")
PROVIDER_FIELDS = ("subject", "provider", "organization", "use_auto_link")


class UnreadableRow(InvalidInput):
    """The line is not a JSON object."""


class RowTooLong(InvalidInput):
    """The line is longer than five megabytes."""


@dataclass(frozen=True, slots=True)
class Line:
    """`number` counts from 1; `text` None for one that is too long to be kept."""

    number: int
    text: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Row:
    """What a line asks for. `id` is the one that another system gave it, None to make a new one."""

    number: int
    given: GivenIdentity
    id: UUID | None


def read_lines(stream: BinaryIO, after: int = 0) -> Iterator[Line]:
    """The lines that are not empty, from the one after `after`; never more than one of them in memory."""
    number = 0
    while text := stream.readline(LIMIT_BYTES + 1):
        number += 1
        is_whole = len(text) <= LIMIT_BYTES or text.endswith(b"\n")
        while not text.endswith(b"\n") and (rest := stream.readline(LIMIT_BYTES)):
            text = text[:1] + rest[-1:]
        if number > after and (not is_whole or text.strip()):
            yield Line(number, text if is_whole else None)


def read_row(line: Line, default_schema: str, at: datetime, *, keeps_id: bool) -> Row:
    """Raises UnreadableRow, RowTooLong, MalformedBody and InvalidInput with what is wrong, never with a value."""
    if line.text is None:
        raise RowTooLong
    try:
        value = first_value(line.text)
    except Unreadable:
        raise UnreadableRow from None
    if not isinstance(value, Mapping):
        raise UnreadableRow
    fields = JsonFields(value).allow(*CREATE_FIELDS, *SHOWN_ONLY)
    body = {name: each for name, each in value.items() if name.lower() not in (*SHOWN_ONLY, "recovery_addresses")}
    credentials = fields.raw("credentials")
    if isinstance(credentials, Mapping):
        body["credentials"] = importable(credentials)
    given = read_new_identity(body, default_schema, at)
    return Row(line.number, given, fields.uuid("id") if keeps_id else None)


def importable(credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Credentials in the shape of an import, from what the admin API shows; what the schema derives is left out."""
    found: dict[str, Any] = {}
    for kind, credential in credentials.items():
        config = credential.get("config") if isinstance(credential, Mapping) else credential
        if kind == "code" or config in (None, {}):
            continue
        if isinstance(config, Mapping):
            config = _importable_config(kind, dict(config))
        found[kind] = {"config": config}
    return found


def _importable_config(kind: str, config: dict[str, Any]) -> dict[str, Any]:
    if kind == "lookup_secret" and "recovery_codes" in config:
        config["codes"] = config.pop("recovery_codes")
    if kind in ("oidc", "saml"):
        config["providers"] = [
            {name: each[name] for name in PROVIDER_FIELDS if name in each} if isinstance(each, Mapping) else each
            for each in config.get("providers") or ()
        ]
    return config
