"""Recognises a database that another program made, above all Kratos's own, before anything is written into it."""

from doorward.storage.contract import Reader
from doorward.storage.dialect import Dialect
from doorward.storage.errors import ForeignDatabase

KRATOS_ONLY = frozenset({"selfservice_login_flows", "selfservice_registration_flows", "identity_credential_types"})
KRATOS_TOGETHER = frozenset({"schema_migration", "identities", "networks"})
OURS = "schema_migrations"


def is_of_kratos(tables: frozenset[str]) -> bool:
    """Whether these table names are those of a Kratos database."""
    return bool(tables & KRATOS_ONLY) or tables >= KRATOS_TOGETHER


async def list_tables(reader: Reader, dialect: Dialect) -> frozenset[str]:
    """The tables of our schema (PostgreSQL: `doorward`; SQLite: the file)."""
    return frozenset(row["name"] for row in await reader.fetch_all(dialect.list_tables))


async def refuse_foreign(reader: Reader, dialect: Dialect, name: str) -> None:
    """Raises ForeignDatabase with the way out. Kratos's tables in PostgreSQL's schema `public` do not disturb us."""
    tables = await list_tables(reader, dialect)
    if is_of_kratos(tables):
        raise ForeignDatabase(
            f"{name} is the database of an Ory Kratos installation. Give Doorward a database of its own in the dsn; "
            "nothing was written into this one.",
            database=name,
        )
    if dialect.owns_whole_database and tables - {"sqlite_sequence", "sqlite_stat1"} and OURS not in tables:
        raise ForeignDatabase(
            f"{name} already holds tables of another program. Give Doorward a file of its own in the dsn.",
            database=name,
        )
