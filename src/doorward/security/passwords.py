"""Hashes and verifies passwords on a small pool of threads, so that the event loop never waits for a hash.

Which passwords are acceptable is `password_policy`'s and `breaches`' business.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import argon2
import bcrypt

from doorward.errors import InvalidInput
from doorward.security.hash_line import HashLine, Observe
from doorward.security.hashes import BCRYPT_LIMIT_BYTES, FORMATS, HashFormat, bcrypt_cost

BCRYPT_COST_MIN = 12
BCRYPT_COST_LOWEST = 4
# As Kratos writes it, so that both can read each other's hashes; the same algorithm as `$2b$`.
BCRYPT_MARK = b"2a"


class PasswordTooLong(InvalidInput):
    """The password is longer than the configured hash can take in."""


class UnknownHash(InvalidInput):
    """The password hash has a format that is not supported, or is too expensive to check."""


@dataclass(frozen=True, slots=True)
class Argon2Settings:
    """OWASP's first choice of 2024: 19 MiB, two passes, one lane (about 24 ms per guess)."""

    memory_kib: int = 19 * 1024
    iterations: int = 2
    parallelism: int = 1
    salt_bytes: int = 16
    key_bytes: int = 32


@dataclass(frozen=True, slots=True)
class HashSettings:
    """As in a Kratos file's `hashers`. Outside dev a bcrypt cost below 12 is raised to 12, as Kratos does."""

    algorithm: Literal["argon2", "bcrypt"] = "argon2"
    argon2: Argon2Settings = field(default_factory=Argon2Settings)
    bcrypt_cost: int = BCRYPT_COST_MIN
    is_dev: bool = False

    @property
    def effective_bcrypt_cost(self) -> int:
        return max(self.bcrypt_cost, BCRYPT_COST_LOWEST if self.is_dev else BCRYPT_COST_MIN)

    @property
    def limit_bytes(self) -> int | None:
        """The longest password that the algorithm takes in whole; None without a limit."""
        return BCRYPT_LIMIT_BYTES if self.algorithm == "bcrypt" else None


class PasswordHasher:
    """One per process. `close` it at the end."""

    def __init__(
        self,
        settings: HashSettings,
        *,
        threads: int | None = None,
        waiting_limit: int | None = None,
        formats: Sequence[HashFormat] = FORMATS,
        observe: Observe | None = None,
    ) -> None:
        """`threads` defaults to the cores; `waiting_limit` is how many may wait beside those being worked on."""
        self._settings = settings
        self._formats = tuple(formats)
        self._line = HashLine(threads or os.cpu_count() or 1, waiting_limit=waiting_limit, observe=observe)
        self._decoy: str | None = None
        chosen = settings.argon2
        self._argon2 = argon2.PasswordHasher(
            time_cost=chosen.iterations,
            memory_cost=chosen.memory_kib,
            parallelism=chosen.parallelism,
            hash_len=chosen.key_bytes,
            salt_len=chosen.salt_bytes,
        )

    async def hash(self, password: str) -> str:
        """The encoded hash. Raises PasswordTooLong (bcrypt beyond 72 bytes), Overloaded."""
        raw = encode(password)
        limit = self._settings.limit_bytes
        if limit is not None and len(raw) > limit:
            raise PasswordTooLong(max_length=limit, actual_length=len(raw))
        if self._settings.algorithm == "bcrypt":
            cost = self._settings.effective_bcrypt_cost
            return await self._line.run(lambda: bcrypt.hashpw(raw, bcrypt.gensalt(cost, BCRYPT_MARK)).decode())
        return await self._line.run(lambda: self._argon2.hash(raw))

    async def verify(self, password: str, encoded: str) -> bool:
        """Whether the password fits; nothing fits a hash that nobody can read, and that takes as long. Raises
        Overloaded."""
        try:
            known = self.get_format(encoded)
        except UnknownHash:
            await self.hash_nothing(password)
            return False
        raw = encode(password)
        return await self._line.run(lambda: known.verify(raw, encoded))

    async def hash_nothing(self, password: str) -> None:
        """Takes as long as a verification: whether there is an account must not be told by time. Raises Overloaded."""
        encoded = self._decoy
        if encoded is None:
            self._decoy = encoded = await self.hash("nobody has this password")
        await self.verify(password, encoded)

    def get_format(self, encoded: str) -> HashFormat:
        """Raises UnknownHash for other formats and for hashes that cost too much."""
        known = next((entry for entry in self._formats if entry.is_mine(encoded)), None)
        if known is None or not known.is_affordable(encoded):
            raise UnknownHash()
        return known

    def needs_rehash(self, encoded: str) -> bool:
        """Whether a hash of today's settings would be another or a dearer one; ask after a successful verify.

        A bcrypt hash that cost more than today's stays: a sign-in never makes a password easier to guess.
        """
        if self._settings.algorithm == "bcrypt":
            return bcrypt_cost(encoded) < self._settings.effective_bcrypt_cost
        try:
            return self._argon2.check_needs_rehash(encoded)
        except argon2.exceptions.InvalidHashError:
            return True

    @property
    def is_full(self) -> bool:
        """Whether a password that came now would be turned away."""
        return self._line.is_full

    def close(self) -> None:
        self._line.close()


def encode(password: str) -> bytes:
    """Passwords are taken as they are typed: not trimmed, not normalised."""
    return password.encode("utf-8", "surrogatepass")
