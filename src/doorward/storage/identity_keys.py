"""Keeps each person's key, wrapped. One delete here makes everything sealed for the person unreadable."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from doorward.clock import Clock
from doorward.errors import DoorwardError, NotFound
from doorward.security.cipher import Cipher
from doorward.security.keys import IdentityKey, new_identity_key, unwrap, wrap
from doorward.storage.contract import Database, Reader, Row, Transaction
from doorward.storage.dialect import Dialect
from doorward.storage.types import read_bytes, read_uuid

BATCH = 500
FIND = "SELECT wrapped_key FROM identity_keys WHERE identity_id = :identity_id"
INSERT = """
INSERT INTO identity_keys (identity_id, wrapped_key, created_at) VALUES (:identity_id, :wrapped_key, :created_at)
ON CONFLICT (identity_id) DO NOTHING
"""
NEXT_BATCH = (
    "SELECT identity_id, wrapped_key FROM identity_keys WHERE identity_id > :after ORDER BY identity_id LIMIT :limit"
)
REPLACE = "UPDATE identity_keys SET wrapped_key = :new WHERE identity_id = :identity_id AND wrapped_key = :old"


class KeyErased(NotFound):
    """The person's data has been erased; what was sealed for them cannot be read any more."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """How far a rotation has come. `unreadable` keys were made with a secret that is not configured any more."""

    checked: int = 0
    rewrapped: int = 0
    unreadable: int = 0


class IdentityKeys:
    """Finds, makes and erases keys within the caller's transaction; seals and opens payloads with them."""

    def __init__(self, cipher: Cipher, clock: Clock) -> None:
        self._cipher = cipher
        self._clock = clock

    async def find_identity_key(self, reader: Reader, identity_id: UUID) -> IdentityKey | None:
        """Raises SecretMissing, Tampered."""
        row = await reader.fetch_one(FIND, {"identity_id": identity_id})
        return None if row is None else unwrap(self._cipher, identity_id, read_bytes(row["wrapped_key"]))

    async def ensure_identity_key(self, tx: Transaction, identity_id: UUID) -> IdentityKey:
        """The person's key, made now if there is none."""
        key = await self.find_identity_key(tx, identity_id)
        if key is not None:
            return key
        fresh = new_identity_key(identity_id)
        values = {"wrapped_key": wrap(self._cipher, fresh), "created_at": self._clock.now()}
        if await tx.execute(INSERT, {"identity_id": identity_id, **values}):
            return fresh
        # Another transaction was first; its row is visible now, since our INSERT has waited for its commit.
        key = await self.find_identity_key(tx, identity_id)
        if key is None:
            raise KeyErased()
        return key

    async def list_identity_keys(
        self, reader: Reader, dialect: Dialect, identity_ids: Sequence[UUID]
    ) -> dict[UUID, IdentityKey]:
        """The keys of many people in one read; erased ones are absent. Raises SecretMissing, Tampered."""
        chosen = dialect.one_of("identity_id", "ids", "uuid")
        sql = f"SELECT identity_id, wrapped_key FROM identity_keys WHERE {chosen}"
        found = await reader.fetch_all(sql, {"ids": list(identity_ids)})
        wrapped = {read_uuid(row["identity_id"]): read_bytes(row["wrapped_key"]) for row in found}
        return {identity_id: unwrap(self._cipher, identity_id, key) for identity_id, key in wrapped.items()}

    async def erase(self, tx: Transaction, identity_id: UUID) -> bool:
        """Deletes the key: all payloads of the person are shredded. Whether there was one."""
        return bool(await tx.execute("DELETE FROM identity_keys WHERE identity_id = :id", {"id": identity_id}))

    async def seal(self, tx: Transaction, identity_id: UUID, row_id: UUID, plaintext: bytes) -> bytes:
        """Encrypts under the person's key, bound to the row `row_id`."""
        return (await self.ensure_identity_key(tx, identity_id)).seal(row_id, plaintext)

    async def open(self, reader: Reader, identity_id: UUID, row_id: UUID, sealed: bytes) -> bytes:
        """The inverse of `seal`. Raises KeyErased, SecretMissing, Tampered."""
        key = await self.find_identity_key(reader, identity_id)
        if key is None:
            raise KeyErased()
        return key.open(row_id, sealed)


async def rotate(
    database: Database, cipher: Cipher, on_progress: Callable[[Rotation], None], batch: int = BATCH
) -> Rotation:
    """Wraps every key anew with the first secret, in batches of one transaction each; may be repeated and interrupted.

    `on_progress` is called after every batch. Payloads are not touched: their keys stay the same.
    """
    done, after = Rotation(), UUID(int=0)
    while True:
        rows = await database.reader.fetch_all(NEXT_BATCH, {"after": after, "limit": batch})
        if not rows:
            return done
        rewrapped, unreadable = await database.transaction(Rewrap(cipher, rows))
        done = Rotation(done.checked + len(rows), done.rewrapped + rewrapped, done.unreadable + unreadable)
        after = read_uuid(rows[-1]["identity_id"])
        on_progress(done)


@dataclass(frozen=True, slots=True)
class Rewrap:
    """The work on one batch of rows; its result is how many were wrapped anew and how many could not be read."""

    cipher: Cipher
    rows: Sequence[Row]

    async def __call__(self, tx: Transaction) -> tuple[int, int]:
        rewrapped = unreadable = 0
        for row in self.rows:
            identity_id, old = read_uuid(row["identity_id"]), read_bytes(row["wrapped_key"])
            try:
                if not self.cipher.needs_rotation(old):
                    continue
                new = wrap(self.cipher, unwrap(self.cipher, identity_id, old))
            except DoorwardError:
                unreadable += 1
                continue
            # A key that was erased or changed meanwhile stays as it is: an UPDATE must not bring it back.
            rewrapped += await tx.execute(REPLACE, {"new": new, "identity_id": identity_id, "old": old})
        return rewrapped, unreadable
