"""Several writes of a transaction as one statement: each round trip costs both sides more than most of the writes.

All but the last become a `WITH` of the last (PostgreSQL, 7.8.4): every part is carried out once and to its end, and
foreign keys are checked after all of them. The parts do not see one another, so no two of a pack write to one table.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from doorward.storage.contract import Params
from doorward.storage.errors import StatementFailed
from doorward.storage.statements import Compiled, StatementCache, compile_statement

WRITE = re.compile(r"\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Deferred:
    """One write that waits: its statement, its table, its values in the order of the statement's names."""

    sql: str
    table: str
    arguments: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Pack:
    """What goes to the server at once."""

    sql: str
    arguments: Sequence[Any]


class Packer:
    """Remembers what it has put together: programs have few kinds of transactions."""

    def __init__(self, statements: StatementCache) -> None:
        self._statements = statements
        self._texts: dict[tuple[str, ...], str] = {}

    def deferred(self, sql: str, params: Params) -> Deferred:
        """Raises StatementFailed for what is no plain write, or lacks a value."""
        written = WRITE.match(sql)
        if written is None:
            raise StatementFailed("Only a plain INSERT, UPDATE or DELETE can be deferred.")
        return Deferred(sql, written[1], self._statements.get_compiled(sql).arguments(params))

    def packs(self, writes: Sequence[Deferred]) -> list[Pack]:
        """The writes in as few statements as there may be; those of one table stay in their order."""
        groups: list[list[Deferred]] = []
        for write in writes:
            if not groups or any(write.table == other.table for other in groups[-1]):
                groups.append([])
            groups[-1].append(write)
        return [self._packed(group) for group in groups]

    def _packed(self, group: Sequence[Deferred]) -> Pack:
        key = tuple(write.sql for write in group)
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = joined(key)
        return Pack(text, [value for write in group for value in write.arguments])


def joined(statements: Sequence[str]) -> str:
    """One statement; the numbers of its parameters go on from part to part."""
    parts: list[Compiled] = []
    for sql in statements:
        parts.append(compile_statement(sql, first=1 + sum(len(part.names) for part in parts)))
    *before, last = (part.sql.strip() for part in parts)
    clauses = ", ".join(f"w{number} AS ({sql})" for number, sql in enumerate(before))
    return f"WITH {clauses} {last}" if clauses else last
