"""Named parameters for PostgreSQL: `:name` becomes `$n`, once per statement. Strings, comments, `::casts` survive."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from doorward.storage.errors import StatementFailed
from doorward.storage.types import adapt

# Whatever may contain a colon that is not ours comes first, so that the last alternative sees only parameters.
TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|::|:([A-Za-z_]\w*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement for asyncpg and the names of `$1`, `$2`, … in order."""

    sql: str
    names: tuple[str, ...]

    def arguments(self, params: Mapping[str, Any]) -> list[Any]:
        """The adapted values in the order of `names`. Raises StatementFailed if one is missing."""
        try:
            return [adapt(params[name]) for name in self.names]
        except KeyError as missing:
            raise StatementFailed(f"No value was given for :{missing.args[0]}.") from None


def compile_statement(sql: str, first: int = 1) -> Compiled:
    """Numbers every `:name` outside strings and comments from `first` on; a name used twice keeps one number."""
    names: dict[str, int] = {}

    def number(token: re.Match[str]) -> str:
        name = token[1]
        if name is None:
            return token[0]
        return f"${names.setdefault(name, len(names) + first)}"

    text = TOKEN.sub(number, sql)
    return Compiled(text, tuple(names))


class StatementCache:
    """Compiled statements by text. Statements are literals of the program, so their number is bounded by it."""

    def __init__(self) -> None:
        self._compiled: dict[str, Compiled] = {}

    def get_compiled(self, sql: str) -> Compiled:
        compiled = self._compiled.get(sql)
        if compiled is None:
            compiled = self._compiled[sql] = compile_statement(sql)
        return compiled
