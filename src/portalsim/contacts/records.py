"""Contacts in the database: finding and keeping them, with their e-mails and unique values. Knows no rule."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from portalsim.contacts.model import Contact
from portalsim.database import Database

BIN_MS = 90 * 86_400_000
"""Archived contacts can be restored for 90 days."""
COLUMNS = "id, properties, created_ms, updated_ms, archived_ms"


def read(row: tuple[Any, ...] | None) -> Contact | None:
    return None if row is None else Contact(row[0], orjson.loads(row[1]), row[2], row[3], row[4])


def find(database: Database, contact_id: int, *, archived: bool = False) -> Contact | None:
    """Live contacts, or archived ones only. An id that was merged away leads to the contact that it became."""
    condition = "archived_ms IS NOT NULL" if archived else "archived_ms IS NULL"
    query = f"SELECT {COLUMNS} FROM contacts WHERE id = ? AND {condition}"
    found = read(database.row(query, (contact_id,)))
    if found is None:
        new_id = database.value("SELECT contact_id FROM merged WHERE old_id = ?", (contact_id,))
        found = None if new_id is None else read(database.row(query, (new_id,)))
    return found


def email_owner(database: Database, email: str) -> int | None:
    """Whose primary or secondary e-mail it is."""
    owner: int | None = database.value("SELECT contact_id FROM emails WHERE email = ?", (email.strip().lower(),))
    return owner


def unique_owner(database: Database, name: str, value: str) -> int | None:
    owner: int | None = database.value(
        "SELECT contact_id FROM unique_values WHERE name = ? AND value = ?", (name, value)
    )
    return owner


def insert(database: Database, contact: Contact) -> None:
    database.execute(
        "INSERT INTO contacts (id, email, name, properties, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?)",
        (
            contact.id,
            contact.email,
            contact.name,
            orjson.dumps(contact.properties).decode(),
            contact.created_ms,
            contact.updated_ms,
        ),
    )


def replace(database: Database, contact: Contact) -> None:
    database.execute(
        "UPDATE contacts SET email = ?, name = ?, properties = ?, updated_ms = ?, archived_ms = ? WHERE id = ?",
        (
            contact.email,
            contact.name,
            orjson.dumps(contact.properties).decode(),
            contact.updated_ms,
            contact.archived_ms,
            contact.id,
        ),
    )


def remove(database: Database, contact_id: int) -> None:
    """Everything that belongs to it, the ids merged into it included."""
    release(database, contact_id)
    database.execute("DELETE FROM contacts WHERE id = ?", (contact_id,))
    database.execute("DELETE FROM merged WHERE contact_id = ?", (contact_id,))
    database.execute("DELETE FROM memberships WHERE contact_id = ?", (contact_id,))


def claim(database: Database, contact: Contact, unique_names: Iterable[str]) -> None:
    """Takes hold of its e-mails and unique values; whether they are free was asked before."""
    secondary = contact.properties.get("hs_additional_emails", "")
    for email in filter(None, (contact.email, *secondary.split(";"))):
        database.execute("INSERT OR REPLACE INTO emails (email, contact_id) VALUES (?, ?)", (email, contact.id))
    for name in unique_names:
        value = contact.properties.get(name)
        if value:
            database.execute(
                "INSERT OR REPLACE INTO unique_values (name, value, contact_id) VALUES (?, ?, ?)",
                (name, value, contact.id),
            )


def release(database: Database, contact_id: int) -> None:
    """Lets go of all its e-mails and unique values. Scans no table: both are looked up by the contact's own values."""
    row = database.row("SELECT properties FROM contacts WHERE id = ?", (contact_id,))
    if row is None:
        return
    properties: Mapping[str, str] = orjson.loads(row[0])
    emails = (properties.get("email", ""), *properties.get("hs_additional_emails", "").split(";"))
    for email in filter(None, emails):
        database.execute("DELETE FROM emails WHERE email = ? AND contact_id = ?", (email, contact_id))
    for name, value in properties.items():
        database.execute(
            "DELETE FROM unique_values WHERE name = ? AND value = ? AND contact_id = ?", (name, value, contact_id)
        )


def list_page(database: Database, after: int, limit: int, *, archived: bool) -> list[Contact]:
    condition = "archived_ms IS NOT NULL" if archived else "archived_ms IS NULL"
    rows = database.rows(
        f"SELECT {COLUMNS} FROM contacts WHERE id > ? AND {condition} ORDER BY id LIMIT ?", (after, limit)
    )
    return [contact for contact in map(read, rows) if contact is not None]


def merged_ids(database: Database, contact_id: int) -> list[int]:
    """The ids that were merged into this contact."""
    return [row[0] for row in database.rows("SELECT old_id FROM merged WHERE contact_id = ? ORDER BY 1", (contact_id,))]


def count(database: Database) -> int:
    """Live contacts."""
    total = database.value("SELECT count(*) FROM contacts") or 0
    return int(total) - int(database.value("SELECT count(*) FROM contacts WHERE archived_ms IS NOT NULL") or 0)


def purge(database: Database, now_ms: int) -> int:
    """Empties the bin of what has lain there for 90 days."""
    old = database.rows("SELECT id FROM contacts WHERE archived_ms IS NOT NULL AND archived_ms < ?", (now_ms - BIN_MS,))
    for (contact_id,) in old:
        remove(database, contact_id)
    return len(old)
