"""What an operator is told when the first connection to the database server fails, and what the server must be."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from doorward.errors import DoorwardError
from doorward.storage.contract import Reader
from doorward.storage.dsn import PostgresDsn
from doorward.storage.errors import DatabaseAway, DatabaseRefused, InvalidDsn
from doorward.storage.postgres.faults import DRIVER_ERRORS, translate

OLDEST_VERSION = 150_000
ASK = "SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS encoding"
NO_TLS = "rejected SSL upgrade"


@contextmanager
def explained(dsn: PostgresDsn) -> Iterator[None]:
    """Raises InvalidDsn, DatabaseRefused or DatabaseAway, with host and database but no password, and what to do."""
    try:
        yield
    except (asyncpg.ClientConfigurationError, ValueError):
        raise InvalidDsn(f"The dsn has an option that cannot be used, sslmode for instance. ({dsn.shown})") from None
    except DRIVER_ERRORS as error:
        raise explain(error, dsn.shown) from None


def explain(error: Exception, shown: str) -> DoorwardError:
    if isinstance(error, OSError | TimeoutError):
        return explain_network(error, shown)
    fault = translate(error)
    if isinstance(fault, DatabaseRefused | DatabaseAway):
        return type(fault)(f"{fault} ({shown})")
    if isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "")[:2] == "42":
        return InvalidDsn(f"The database server does not know an option of the dsn. ({shown})")
    return fault


def explain_network(error: OSError, shown: str) -> DoorwardError:
    """By the kind of failure; the order matters, since most kinds are OSErrors."""
    if isinstance(error, ssl.SSLError):
        return DatabaseRefused(
            f"The database server's certificate is not accepted; see the dsn's sslrootcert. ({shown})"
        )
    if isinstance(error, FileNotFoundError | PermissionError):
        return InvalidDsn(f"A file that the dsn names (certificate, key, socket) cannot be read. ({shown})")
    if NO_TLS in str(error):
        return DatabaseRefused(f"The database server offers no TLS, but the dsn's sslmode asks for it. ({shown})")
    if isinstance(error, socket.gaierror):
        return DatabaseAway(f"The database server's host name is not known. ({shown})")
    if isinstance(error, ConnectionRefusedError):
        return DatabaseAway(f"No database server listens there. ({shown})")
    if isinstance(error, TimeoutError):
        return DatabaseAway(f"The database server did not answer in time. ({shown})")
    return DatabaseAway(f"The database server cannot be reached. ({shown})")


async def require_usable(reader: Reader, dsn: PostgresDsn) -> None:
    """Raises DatabaseRefused for a server that is too old or a database that cannot hold every name."""
    row = await reader.fetch_one(ASK)
    if row is None or dsn.is_cockroach:
        return
    if int(row["version"]) < OLDEST_VERSION:
        raise DatabaseRefused(f"PostgreSQL 15 or newer is needed. ({dsn.shown})")
    if row["encoding"] != "UTF8":
        raise DatabaseRefused(f"The database's encoding is {row['encoding']}; it must be UTF8. ({dsn.shown})")
