"""The simulator's SQLite database: one connection, its tables, and small documents (tokens, definitions, settings).

A file survives restarts; `memory` does not. All calls happen on the event loop, so each request is alone in here."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

SCHEMA = """
CREATE TABLE IF NOT EXISTS contacts (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  properties TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  archived_ms INTEGER
);
CREATE INDEX IF NOT EXISTS contacts_updated ON contacts (updated_ms, id);
CREATE INDEX IF NOT EXISTS contacts_created ON contacts (created_ms, id);
CREATE INDEX IF NOT EXISTS contacts_email ON contacts (email, id);
CREATE INDEX IF NOT EXISTS contacts_name ON contacts (name, id);
CREATE INDEX IF NOT EXISTS contacts_archived ON contacts (archived_ms) WHERE archived_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS emails (email TEXT PRIMARY KEY, contact_id INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unique_values (
  name TEXT NOT NULL, value TEXT NOT NULL, contact_id INTEGER NOT NULL, PRIMARY KEY (name, value)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS merged (old_id INTEGER PRIMARY KEY, contact_id INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS merged_into ON merged (contact_id);
CREATE TABLE IF NOT EXISTS erased (email TEXT PRIMARY KEY, erased_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  correlation_id TEXT NOT NULL,
  token TEXT NOT NULL,
  kind TEXT NOT NULL,
  outcome TEXT NOT NULL,
  code TEXT NOT NULL,
  contact_id INTEGER,
  trace_id TEXT,
  email TEXT,
  unique_values TEXT NOT NULL,
  changes TEXT NOT NULL,
  source TEXT NOT NULL,
  answered INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS ledger_contact ON ledger (contact_id, seq) WHERE contact_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS ledger_trace ON ledger (trace_id) WHERE trace_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS memberships (
  list_id INTEGER NOT NULL, contact_id INTEGER NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (list_id, contact_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS memberships_contact ON memberships (contact_id);
CREATE TABLE IF NOT EXISTS statuses (
  email TEXT NOT NULL, subscription_id INTEGER NOT NULL, state TEXT NOT NULL, legal_basis TEXT, explanation TEXT,
  at_ms INTEGER NOT NULL, PRIMARY KEY (email, subscription_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
  kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, name)
) WITHOUT ROWID;
"""
TABLES = ("contacts", "emails", "unique_values", "merged", "erased", "ledger", "memberships", "statuses", "documents")
CACHE_KIB = 65_536


class NotOurFile(Exception):
    """The file of --store is no database, or another program's."""


class Database:
    """SQL by hand. Raises NotOurFile when the file cannot be used."""

    def __init__(self, store: str) -> None:
        place = ":memory:" if store == "memory" else str(Path(store))
        self._sql = sqlite3.connect(place, isolation_level=None, check_same_thread=False, cached_statements=512)
        self._depth = 0
        try:
            self._sql.execute("PRAGMA journal_mode = WAL")
            self._sql.execute("PRAGMA synchronous = NORMAL")
            self._sql.execute("PRAGMA temp_store = MEMORY")
            self._sql.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            self._sql.executescript(SCHEMA)
        except sqlite3.DatabaseError as broken:
            self._sql.close()
            raise NotOurFile(f"{store} cannot be used as a store: {broken}") from broken

    def execute(self, text: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        return self._sql.execute(text, values)

    def rows(self, text: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._sql.execute(text, values).fetchall()

    def row(self, text: str, values: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._sql.execute(text, values).fetchone()
        return found

    def value(self, text: str, values: tuple[Any, ...] = ()) -> Any:
        """The first column of the first row, None when there is none."""
        found = self.row(text, values)
        return None if found is None else found[0]

    @contextmanager
    def together(self) -> Iterator[None]:
        """All of it or nothing; may be nested, and an inner failure undoes the inner part only."""
        name = f"level{self._depth}"
        self._sql.execute("BEGIN IMMEDIATE" if self._depth == 0 else f"SAVEPOINT {name}")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            self._sql.execute("ROLLBACK" if self._depth == 0 else f"ROLLBACK TO {name}")
            raise
        self._depth -= 1
        self._sql.execute("COMMIT" if self._depth == 0 else f"RELEASE {name}")

    def save(self, kind: str, name: str, body: Mapping[str, Any]) -> None:
        self.execute(
            "INSERT INTO documents (kind, name, body) VALUES (?, ?, ?) "
            "ON CONFLICT (kind, name) DO UPDATE SET body = excluded.body",
            (kind, name, orjson.dumps(body).decode()),
        )

    def drop(self, kind: str, name: str) -> None:
        self.execute("DELETE FROM documents WHERE kind = ? AND name = ?", (kind, name))

    def documents(self, kind: str) -> dict[str, dict[str, Any]]:
        """All of a kind by name."""
        found = self.rows("SELECT name, body FROM documents WHERE kind = ? ORDER BY name", (kind,))
        return {name: orjson.loads(body) for name, body in found}

    def clear(self) -> None:
        """Everything but the tables themselves."""
        with self.together():
            for table in TABLES:
                self.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        self._sql.close()
