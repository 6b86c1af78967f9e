"""Pages of the contact table: sorted by an index, filtered, keyed by the last row instead of an offset."""

import base64
import binascii
from dataclasses import dataclass

import orjson

from portalsim.contacts.model import Contact
from portalsim.contacts.records import COLUMNS, read
from portalsim.portal import Portal

SORTS = {"created": "created_ms", "modified": "updated_ms", "email": "email", "name": "name"}
PAGE = 50


@dataclass(frozen=True, slots=True)
class View:
    """What the reader asked for; anything odd becomes the default."""

    text: str = ""
    sort: str = "created"
    is_descending: bool = True
    after: str = ""
    shows_archived: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    contacts: tuple[Contact, ...]
    next_after: str | None


def page(portal: Portal, view: View, limit: int = PAGE) -> Page:
    column = SORTS.get(view.sort, "created_ms")
    clauses = ["archived_ms IS NOT NULL" if view.shows_archived else "archived_ms IS NULL"]
    values: list[str | int] = []
    if view.text:
        clause, wanted = _matching(portal, view.text)
        clauses.append(clause)
        values += wanted
    cursor = _read_cursor(view.after)
    if cursor is not None:
        clauses.append(f"({column}, id) {'<' if view.is_descending else '>'} (?, ?)")
        values += cursor
    order = "DESC" if view.is_descending else "ASC"
    rows = portal.database.rows(
        f"SELECT {COLUMNS} FROM contacts WHERE {' AND '.join(clauses)} ORDER BY {column} {order}, id {order} LIMIT ?",
        (*values, limit + 1),
    )
    contacts = tuple(contact for contact in map(read, rows) if contact is not None)
    more = len(contacts) > limit
    return Page(contacts[:limit], _cursor(contacts[limit - 1], view.sort) if more else None)


def _matching(portal: Portal, text: str) -> tuple[str, list[str | int]]:
    """Part of an e-mail or name; or exactly a record id or a value of a unique property."""
    pattern = "%" + text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    exact = portal.database.value("SELECT contact_id FROM unique_values WHERE value = ? LIMIT 1", (text,))
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    return (
        "(email LIKE ? ESCAPE '\\' OR name LIKE ? ESCAPE '\\' OR id IN (?, ?))",
        [pattern, pattern, number, exact or 0],
    )


def _cursor(contact: Contact, sort: str) -> str:
    value = {
        "created": contact.created_ms,
        "modified": contact.updated_ms,
        "email": contact.email,
        "name": contact.name,
    }.get(sort, contact.created_ms)
    return base64.urlsafe_b64encode(orjson.dumps([value, contact.id])).decode()


def _read_cursor(text: str) -> tuple[str | int, int] | None:
    if not text:
        return None
    try:
        value, contact_id = orjson.loads(base64.urlsafe_b64decode(text))
        return value, int(contact_id)
    except (ValueError, TypeError, binascii.Error):
        return None
