"""Who is signed in to the console: a random token in a sealed cookie, its hash in the database, for eight hours.

The cookie also names the key that opened, as a digest that only this server can read: with the key goes the sign-in.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from doorward.audit import write_audit
from doorward.clock import Clock, from_micros, micros
from doorward.ids import opaque_token
from doorward.security.tokens import CookieSealer, hash_token, is_equal
from doorward.storage.contract import Database, Transaction

PREFIX = "console_sign_in:"
ACTOR = "console"
LIFETIME = timedelta(hours=8)
SEPARATOR = "."


@dataclass(frozen=True, slots=True)
class SignIn:
    """One browser's."""

    token: str = field(repr=False)

    @property
    def csrf(self) -> str:
        """What the forms of this browser carry. From the token, so that knowing one does not tell the other."""
        return hash_token(f"csrf of the console{SEPARATOR}{self.token}")


class SignIns:
    """Rows of `settings` under a prefix of their own."""

    def __init__(
        self, database: Database, clock: Clock, sealer: CookieSealer, keys: Sequence[str], cookie_name: str
    ) -> None:
        """`keys` are those that open now."""
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._keys = {_digest(key): key for key in keys}
        self._cookie_name = cookie_name

    def is_key(self, typed: str) -> bool:
        """Whether this is one of the keys; compares with all of them, each in constant time."""
        return sum(is_equal(typed, key) for key in self._keys.values()) > 0

    async def begin(self, key: str) -> str:
        """A cookie's value for somebody who has typed `key`. Forgets sign-ins that are over."""
        now, token = self._clock.now(), opaque_token()
        expires_at = now + LIFETIME

        async def work(tx: Transaction) -> None:
            rows = await tx.fetch_all("SELECT key, value FROM settings WHERE key LIKE :own", {"own": f"{PREFIX}%"})
            for row in rows:
                if from_micros(int(row["value"])) <= now:
                    await tx.execute("DELETE FROM settings WHERE key = :key", {"key": row["key"]})
            await tx.execute(
                "INSERT INTO settings (key, value) VALUES (:key, :value)",
                {"key": PREFIX + hash_token(token), "value": str(micros(expires_at))},
            )
            await write_audit(tx, now, ACTOR, "console.signed_in", ACTOR)

        await self._database.transaction(work)
        return self._sealer.seal(self._cookie_name, f"{token}{SEPARATOR}{_digest(key)}", expires_at)

    async def find(self, cookie: str | None) -> SignIn | None:
        """Whose cookie this is; None for one that is forged, too old, ended, or of a key that opens no more."""
        value = self._sealer.open(self._cookie_name, cookie, self._clock.now()) if cookie else None
        if value is None:
            return None
        token, _, digest = value.partition(SEPARATOR)
        if digest not in self._keys:
            return None
        row = await self._database.reader.fetch_one(
            "SELECT value FROM settings WHERE key = :key", {"key": PREFIX + hash_token(token)}
        )
        if row is None or from_micros(int(row["value"])) <= self._clock.now():
            return None
        return SignIn(token)

    async def end(self, sign_in: SignIn) -> None:
        """Every copy of the cookie is worthless afterwards."""

        async def work(tx: Transaction) -> None:
            await tx.execute("DELETE FROM settings WHERE key = :key", {"key": PREFIX + hash_token(sign_in.token)})

        await self._database.transaction(work)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
