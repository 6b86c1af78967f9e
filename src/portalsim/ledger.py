"""The ledger: every write that was applied and every attempt that was rejected, in order, with its evidence.

It is also where a contact's history comes from. It never forgets, except by reset."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from portalsim.database import Database

APPLIED, REJECTED = "applied", "rejected"
_COLUMNS = (
    "seq, at_ms, correlation_id, token, kind, outcome, code, contact_id, trace_id, email, unique_values, changes,"
    " source, answered"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who writes: the request and its token, or a person in the portal (`source` CRM_UI, FORM, MERGE …)."""

    correlation_id: str
    token: str
    kind: str
    source: str = "INTEGRATION"
    source_id: str = ""
    version: str = "v3"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of evidence. `changes` is what the contact's properties became."""

    origin: Origin
    at_ms: int
    outcome: str
    contact_id: int | None = None
    trace_id: str | None = None
    email: str | None = None
    unique_values: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, str] = field(default_factory=dict)
    code: str = ""


class Ledger:
    """Appends and pages. `answered` becomes true when the last byte of the answer was handed to the network."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entry: Entry) -> None:
        origin = entry.origin
        self._database.execute(
            "INSERT INTO ledger (at_ms, correlation_id, token, kind, outcome, code, contact_id, trace_id, email,"
            " unique_values, changes, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                entry.at_ms,
                origin.correlation_id,
                origin.token,
                origin.kind,
                entry.outcome,
                entry.code,
                entry.contact_id,
                entry.trace_id,
                entry.email,
                orjson.dumps(entry.unique_values).decode(),
                orjson.dumps(entry.changes).decode(),
                f"{origin.source}:{origin.source_id}",
            ),
        )

    def last_seq(self) -> int:
        return int(self._database.value("SELECT max(seq) FROM ledger") or 0)

    def mark_answered(self, after: int, until: int) -> None:
        if until > after:
            self._database.execute("UPDATE ledger SET answered = 1 WHERE seq > ? AND seq <= ?", (after, until))

    def page(self, after: int, limit: int, filters: Mapping[str, str]) -> list[dict[str, Any]]:
        """Entries with a higher number than `after`, oldest first. Filters: trace_id, contact_id, email, outcome,
        correlation_id, kind."""
        clauses, values = ["seq > ?"], [str(after)]
        for name in ("trace_id", "contact_id", "email", "outcome", "correlation_id", "kind"):
            if filters.get(name):
                clauses.append(f"{name} = ?")
                values.append(filters[name])
        if filters.get("unique"):
            name, _, value = filters["unique"].partition("=")
            clauses.append("json_extract(unique_values, ?) = ?")
            values += [f'$."{name}"', value]
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM ledger WHERE {' AND '.join(clauses)} ORDER BY seq LIMIT ?", (*values, limit)
        )
        return [_shown(row) for row in rows]

    def changes_of(self, contact_ids: Iterable[int]) -> list[tuple[int, str, dict[str, str]]]:
        """(time in ms, source, what became what), oldest first; of a contact and of those merged into it."""
        ids = tuple(contact_ids)
        marks = ",".join("?" * len(ids))
        rows = self._database.rows(
            f"SELECT at_ms, source, changes FROM ledger WHERE contact_id IN ({marks}) AND outcome = '{APPLIED}'"
            " ORDER BY seq",
            ids,
        )
        return [(at_ms, source, orjson.loads(changes)) for at_ms, source, changes in rows]

    def forget_values(self, contact_ids: Sequence[int]) -> None:
        """An erased person's data leaves the ledger too; that there was a write stays."""
        for contact_id in contact_ids:
            self._database.execute("UPDATE ledger SET changes = '{}', email = NULL WHERE contact_id = ?", (contact_id,))


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    names = [name.strip() for name in _COLUMNS.split(",")]
    entry = dict(zip(names, row, strict=True))
    entry["unique_values"] = orjson.loads(entry["unique_values"])
    entry["changes"] = orjson.loads(entry["changes"])
    entry["answered"] = bool(entry["answered"])
    entry["contact_id"] = None if entry["contact_id"] is None else str(entry["contact_id"])
    entry["time"] = entry["at_ms"] / 1000
    return entry
