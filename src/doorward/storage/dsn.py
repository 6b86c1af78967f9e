"""Reads a database address, Kratos's options included. No text made here contains the password."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from doorward.storage.errors import InvalidDsn

SqliteMode = Literal["ro", "rw", "rwc"]
UNITS_S: Mapping[str, float] = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
EXAMPLES = "Use sqlite:///path/to/file.sqlite, postgres://user:password@host:5432/database, or memory."

POSTGRES_SCHEMES = frozenset({"postgres", "postgresql"})
COCKROACH_SCHEMES = frozenset({"cockroach", "cockroachdb", "crdb"})
SQLITE_SCHEMES = frozenset({"sqlite", "sqlite3"})
# Kratos's pool options; what is left over goes to the driver (sslmode, sslrootcert, application_name, …).
POOL_OPTIONS = frozenset(
    {"max_conns", "max_idle_conns", "max_conn_lifetime", "max_conn_idle_time", "pgbouncer", "connect_timeout"}
    | {"search_path", "pool_max_conns", "parse_time"}
)
SQLITE_OPTIONS = frozenset({"_fk", "_foreign_keys", "mode", "cache", "_journal_mode", "_busy_timeout", "immutable"})


@dataclass(frozen=True, slots=True)
class SqliteDsn:
    """`path` is None for a private database that ends with the process. `notes` are for the operator."""

    path: Path | None
    mode: SqliteMode = "rwc"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PostgresDsn:
    """`url` (for the driver, with the password) is never shown; `shown` is.

    `is_pooled`: behind PgBouncer in transaction mode, so nothing may stay on a connection between transactions.
    `is_cockroach`: no LISTEN. Lifetimes are in seconds, 0 means unlimited.
    """

    url: str = field(repr=False)
    shown: str
    max_conns: int | None = None
    max_conn_lifetime_s: float = 0.0
    max_conn_idle_s: float = 300.0
    connect_timeout_s: float = 10.0
    is_pooled: bool = False
    is_cockroach: bool = False
    notes: tuple[str, ...] = ()

    @property
    def has_listen(self) -> bool:
        return not (self.is_pooled or self.is_cockroach)


def parse_dsn(dsn: str) -> SqliteDsn | PostgresDsn:
    """Raises InvalidDsn with what to write instead."""
    text = dsn.strip()
    if text in {"memory", ":memory:"}:
        return SqliteDsn(path=None)
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator:
        raise InvalidDsn(f"The dsn has no scheme. {EXAMPLES}")
    if scheme in SQLITE_SCHEMES:
        return parse_sqlite(rest)
    if scheme in POSTGRES_SCHEMES | COCKROACH_SCHEMES:
        return parse_postgres(rest, is_cockroach=scheme in COCKROACH_SCHEMES)
    if scheme == "mysql":
        raise InvalidDsn(f"MySQL is not supported: export the identities there and import them here. {EXAMPLES}")
    # What stands before :// may be anything, a password included, so it is not repeated.
    raise InvalidDsn(f"The dsn's scheme is not supported. {EXAMPLES}")


def parse_sqlite(rest: str) -> SqliteDsn:
    """The part behind `sqlite://`: an absolute or relative path, then options."""
    location, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    path = unquote(location).removeprefix("file:")
    mode = options.get("mode", "rwc")
    if path in {"", ":memory:"} or mode == "memory":
        if not path and mode != "memory":
            raise InvalidDsn(f"The dsn names no file. {EXAMPLES}")
        return SqliteDsn(path=None)
    if mode not in {"ro", "rw", "rwc"}:
        raise InvalidDsn("The dsn's option mode must be one of ro, rw, rwc, memory.")
    notes = [f"dsn option {name!r} is unknown and ignored" for name in sorted(options.keys() - SQLITE_OPTIONS)]
    if options.get("_fk", "true").lower() in {"false", "0", "off", "no"}:
        notes.append("dsn option '_fk=false' is ignored: foreign keys are always enforced")
    return SqliteDsn(Path(path), "ro" if mode == "ro" else "rw" if mode == "rw" else "rwc", tuple(notes))


def parse_postgres(rest: str, *, is_cockroach: bool) -> PostgresDsn:
    """The part behind `postgres://`: the driver's address without our options."""
    parts = split_safely(rest)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    passed_on = {name: value for name, value in options.items() if name not in POOL_OPTIONS}
    return PostgresDsn(
        url=parts._replace(query=urlencode(passed_on)).geturl(),
        shown=shown(parts),
        max_conns=read_count(options, "max_conns"),
        max_conn_lifetime_s=read_duration(options, "max_conn_lifetime", 0.0),
        max_conn_idle_s=read_duration(options, "max_conn_idle_time", 300.0),
        # 0 would mean: wait for ever.
        connect_timeout_s=read_duration(options, "connect_timeout", 10.0) or 10.0,
        is_pooled=options.get("pgbouncer", "").lower() in {"true", "1", "yes", "on"},
        is_cockroach=is_cockroach,
        notes=tuple(notes_for_postgres(options, is_cockroach=is_cockroach)),
    )


def split_safely(rest: str) -> SplitResult:
    """Splits the address; a password with unescaped signs makes it unreadable, which is said without repeating it."""
    try:
        parts = urlsplit(f"postgresql://{rest}")
        ports = [
            host.rpartition(":")[2]
            for host in parts.netloc.rpartition("@")[2].split(",")
            if re.search(r":[^\]]*$", host)
        ]
        is_readable = all(port.isdigit() for port in ports) and not parts.fragment and not has_stray_at(parts)
    except ValueError:
        is_readable = False
    if not is_readable:
        raise InvalidDsn(
            "The dsn cannot be read. Signs like @ : / # ? in its password must be percent-encoded (%40 …)."
        )
    return parts


def has_stray_at(parts: SplitResult) -> bool:
    """Whether an @ stands behind a / or ? that the password has put into the address."""
    return "@" in parts.path or ("@" in parts.query and "@" not in parts.netloc)


def shown(parts: SplitResult) -> str:
    """Host and database only: user names too can be telling."""
    host = parts.netloc.rpartition("@")[2] or "localhost"
    return f"postgres://{host}{parts.path}"


def notes_for_postgres(options: Mapping[str, str], *, is_cockroach: bool) -> list[str]:
    notes = []
    if is_cockroach:
        notes.append(
            "CockroachDB is spoken to as PostgreSQL; it is not among the databases that every release is tested on"
        )
    if "search_path" in options:
        notes.append("dsn option 'search_path' is ignored: the tables live in the schema doorward")
    if "max_idle_conns" in options:
        notes.append("dsn option 'max_idle_conns' has no effect: idle connections end after max_conn_idle_time")
    return notes


def read_count(options: Mapping[str, str], name: str) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not text.isdigit() or int(text) < 1:
        raise InvalidDsn(f"The dsn's option {name} must be a whole number from 1 on.")
    return int(text)


def read_duration(options: Mapping[str, str], name: str, default_s: float) -> float:
    """Seconds from a Go duration (`1h30m`, `250ms`) or a plain number of seconds."""
    text = options.get(name)
    if text is None:
        return default_s
    if text.isdigit():
        return float(text)
    pieces = DURATION.findall(text)
    if not pieces or "".join(number + unit for number, unit in pieces) != text:
        raise InvalidDsn(f"The dsn's option {name} must be a duration such as 30s or 1h.")
    return sum(float(number) * UNITS_S[unit] for number, unit in pieces)
