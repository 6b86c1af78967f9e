"""SQL of one-time codes and links. What is secret in them is somebody else's business (`codes`, `codes_links`)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from doorward.storage.contract import Reader, Row, Transaction
from doorward.storage.types import read_optional_time, read_optional_uuid, read_time, read_uuid

COLUMNS = "id, form, purpose, flow_id, secret_hash, identity_id, via, address, issued_at, expires_at, used_at"


class Form(StrEnum):
    """What the person gets: six digits to type, or a link to follow."""

    CODE = "code"
    LINK = "link"


class Purpose(StrEnum):
    """What a code is good for; one for signing in does not recover an account."""

    RECOVERY = "recovery"
    VERIFICATION = "verification"
    LOGIN = "login"
    REGISTRATION = "registration"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets it: an address (`via` is `email` or `sms`), and whose it is; None for one who has no account yet."""

    via: str
    address: str = field(repr=False)
    identity_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """A code or link as it is stored."""

    id: UUID
    form: Form
    purpose: Purpose
    flow_id: UUID
    secret_hash: str = field(repr=False)
    recipient: Recipient
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        return self.used_at is None and now < self.expires_at


async def insert_code(tx: Transaction, code: OneTimeCode) -> None:
    """Writes a new one; its flow has to be there."""
    await tx.execute(
        f"""
        INSERT INTO one_time_codes ({COLUMNS})
        VALUES (:id, :form, :purpose, :flow_id, :secret_hash, :identity_id, :via, :address, :issued_at, :expires_at,
                :used_at)
        """,
        {
            "id": code.id,
            "form": code.form,
            "purpose": code.purpose,
            "flow_id": code.flow_id,
            "secret_hash": code.secret_hash,
            "identity_id": code.recipient.identity_id,
            "via": code.recipient.via,
            "address": code.recipient.address,
            "issued_at": code.issued_at,
            "expires_at": code.expires_at,
            "used_at": code.used_at,
        },
    )


async def list_good_codes(reader: Reader, flow_id: UUID, purpose: Purpose, now: datetime) -> list[OneTimeCode]:
    """The codes of a flow that may still be used, the newest first."""
    rows = await reader.fetch_all(
        f"""
        SELECT {COLUMNS} FROM one_time_codes
        WHERE flow_id = :flow_id AND purpose = :purpose AND form = :form AND used_at IS NULL AND expires_at > :now
        ORDER BY issued_at DESC, id DESC LIMIT 100
        """,
        {"flow_id": flow_id, "purpose": purpose, "form": Form.CODE, "now": now},
    )
    return [_code(row) for row in rows]


async def list_used_codes(reader: Reader, flow_id: UUID, purpose: Purpose) -> list[OneTimeCode]:
    """The codes of a flow that were used, the newest first."""
    rows = await reader.fetch_all(
        f"""
        SELECT {COLUMNS} FROM one_time_codes
        WHERE flow_id = :flow_id AND purpose = :purpose AND form = :form AND used_at IS NOT NULL
        ORDER BY issued_at DESC, id DESC LIMIT 100
        """,
        {"flow_id": flow_id, "purpose": purpose, "form": Form.CODE},
    )
    return [_code(row) for row in rows]


async def find_by_secret(reader: Reader, purpose: Purpose, form: Form, secret_hash: str) -> OneTimeCode | None:
    """By what is unguessable in itself, whether it may still be used or not."""
    row = await reader.fetch_one(
        f"""
        SELECT {COLUMNS} FROM one_time_codes
        WHERE secret_hash = :secret_hash AND purpose = :purpose AND form = :form
        """,
        {"secret_hash": secret_hash, "purpose": purpose, "form": form},
    )
    return None if row is None else _code(row)


async def mark_used(tx: Transaction, code_id: UUID, now: datetime) -> bool:
    """True for exactly one of all who try, and for nobody once it has expired."""
    written = await tx.execute(
        "UPDATE one_time_codes SET used_at = :now WHERE id = :id AND used_at IS NULL AND expires_at > :now",
        {"id": code_id, "now": now},
    )
    return written == 1


async def delete_codes(tx: Transaction, flow_id: UUID, purpose: Purpose) -> None:
    """Those of a flow that have not been used; links stay."""
    await tx.execute(
        """
        DELETE FROM one_time_codes
        WHERE flow_id = :flow_id AND purpose = :purpose AND form = :form AND used_at IS NULL
        """,
        {"flow_id": flow_id, "purpose": purpose, "form": Form.CODE},
    )


async def count_guess(tx: Transaction, flow_id: UUID) -> int:
    """How many codes were tried in a flow, this one included. Locks the flow: guesses wait for one another."""
    row = await tx.fetch_one(
        "UPDATE flows SET code_guesses = code_guesses + 1 WHERE id = :id RETURNING code_guesses", {"id": flow_id}
    )
    return 0 if row is None else int(row["code_guesses"])


async def read_guesses(reader: Reader, flow_id: UUID) -> int:
    """How many codes were tried in a flow so far."""
    row = await reader.fetch_one("SELECT code_guesses FROM flows WHERE id = :id", {"id": flow_id})
    return 0 if row is None else int(row["code_guesses"])


def _code(row: Row) -> OneTimeCode:
    values: dict[str, Any] = dict(row)
    return OneTimeCode(
        id=read_uuid(values["id"]),
        form=Form(values["form"]),
        purpose=Purpose(values["purpose"]),
        flow_id=read_uuid(values["flow_id"]),
        secret_hash=values["secret_hash"],
        recipient=Recipient(values["via"], values["address"], read_optional_uuid(values["identity_id"])),
        issued_at=read_time(values["issued_at"]),
        expires_at=read_time(values["expires_at"]),
        used_at=read_optional_time(values["used_at"]),
    )
