"""The statements whose answer may be lost: COMMIT, and one that is a transaction by itself."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg

from doorward.storage.errors import CommitUnknown
from doorward.storage.failpoints import failpoint
from doorward.storage.postgres.faults import translate
from doorward.storage.postgres.packing import Pack
from doorward.storage.postgres.transaction import Connection

LOST = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)
# The server says so while it shuts down; a commit that was under way may have been made.
SHUTTING_DOWN = frozenset({"57P01", "57P02"})


async def commit(connection: Connection) -> None:
    """Commits. Raises CommitUnknown when the answer was lost: the work must not be repeated blindly then.

    A caller that is cancelled meanwhile is let go only when the commit is over, so that what follows a commit is done.
    """
    status = await committed(connection.execute, "COMMIT")
    if status != "COMMIT":
        # The server answers ROLLBACK to the COMMIT of a transaction that had failed.
        raise CommitUnknown("The database rolled back instead of committing.")
    failpoint("storage.after_commit")


async def commit_at_once(connection: Connection, pack: Pack) -> None:
    """A statement that is a transaction by itself. Raises what it raises, and as `commit`."""
    await committed(connection.execute, pack.sql, *pack.arguments)
    failpoint("storage.after_commit")


async def committed(execute: Callable[..., Coroutine[Any, Any, str]], sql: str, *arguments: Any) -> str:
    failpoint("storage.before_commit")
    committing = asyncio.ensure_future(execute(sql, *arguments))
    try:
        return await asyncio.shield(committing)
    except asyncio.CancelledError:
        await asyncio.wait([committing])
        raise
    except LOST:
        raise CommitUnknown() from None
    except asyncpg.PostgresError as error:
        if error.sqlstate in SHUTTING_DOWN:
            raise CommitUnknown() from None
        raise translate(error) from None
