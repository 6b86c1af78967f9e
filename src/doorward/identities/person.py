"""A person in one statement: the identity's row with its addresses, by id or by what it signs in with.

Other records join their own columns (`part_of`, `parts_of`), as who is signed in does. The product of addresses is
small: a few for each person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from doorward.identities.model import Credential, Identity
from doorward.identities.rows import IDENTITY_COLUMNS, read_credential, read_identity
from doorward.storage.contract import Reader, Row
from doorward.storage.types import read_uuid

IDENTITY, VERIFIABLE, RECOVERY, CREDENTIAL = "i_", "v_", "r_", "c_"
PERSON: Mapping[str, Sequence[str]] = {
    IDENTITY: tuple(name.strip() for name in IDENTITY_COLUMNS.split(",")),
    VERIFIABLE: ("id", "via", "value", "verified", "status", "verified_at", "created_at", "updated_at"),
    RECOVERY: ("id", "via", "value", "created_at", "updated_at"),
}
CREDENTIALS = {CREDENTIAL: ("type", "config", "version", "created_at", "updated_at")}
ADDRESSES = """
LEFT JOIN verifiable_addresses v ON v.identity_id = i.id
LEFT JOIN recovery_addresses r ON r.identity_id = i.id
"""
ORDER = "v.created_at, v.id, r.created_at, r.id"


def selected(columns: Mapping[str, Sequence[str]]) -> str:
    """The columns of tables by their prefix, whose first letter is the table's name in the statement."""
    return ", ".join(f"{prefix[0]}.{name} AS {prefix}{name}" for prefix, names in columns.items() for name in names)


SELECTED, WITH_CREDENTIAL = selected(PERSON), selected({**PERSON, **CREDENTIALS})
BY_ID = f"SELECT {SELECTED} FROM identities i {ADDRESSES} WHERE i.id = :id ORDER BY {ORDER}"
BY_CREDENTIAL = f"""
SELECT {WITH_CREDENTIAL}
FROM credential_identifiers n JOIN credentials c ON c.id = n.credential_id JOIN identities i ON i.id = n.identity_id
{ADDRESSES}
WHERE n.type = :type AND n.identifier = :identifier ORDER BY {ORDER}
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose credential it is, and the credential without its identifiers. The person is read on request only: who
    does not know the password must not make us take longer than for nobody."""

    identity_id: UUID
    credential: Credential = field(repr=False)
    _rows: Sequence[Row] = field(repr=False)

    def identity(self) -> Identity:
        return read_person(self._rows)


async def find_person(reader: Reader, identity_id: UUID) -> Identity | None:
    """An identity with its addresses, without its credentials."""
    rows = await reader.fetch_all(BY_ID, {"id": identity_id})
    return read_person(rows) if rows else None


async def find_holder(reader: Reader, kind: str, identifier: str) -> Holder | None:
    """Who signs in with a normalised identifier; nobody's holds a NUL, which no database looks for.

    One statement, whether there is somebody or not: how long it takes says nothing about who has an account.
    """
    rows = await reader.fetch_all(BY_CREDENTIAL, {"type": kind, "identifier": identifier.replace("\0", "")})
    if not rows or "\0" in identifier:
        return None
    credential = part_of(rows[0], CREDENTIAL, CREDENTIALS[CREDENTIAL])
    return Holder(read_uuid(rows[0]["i_id"]), read_credential(credential, ()), rows)


def read_person(rows: Sequence[Row]) -> Identity:
    """From the rows of a statement that selects `PERSON` of one identity."""
    own = part_of(rows[0], IDENTITY, PERSON[IDENTITY])
    verifiable, recovery = (parts_of(rows, prefix, PERSON[prefix]) for prefix in (VERIFIABLE, RECOVERY))
    return read_identity(own, read_uuid(own["id"]), verifiable, recovery, {})


def part_of(row: Row, prefix: str, names: Sequence[str]) -> Row:
    """One table's part of a row, under its own names."""
    return {name: row[prefix + name] for name in names}


def parts_of(rows: Sequence[Row], prefix: str, names: Sequence[str]) -> list[Row]:
    """One table's rows in a product, each once, in their order."""
    key = f"{prefix}id"
    found: dict[Any, Row] = {}
    for row in rows:
        if row[key] is not None and row[key] not in found:
            found[row[key]] = part_of(row, prefix, names)
    return list(found.values())
