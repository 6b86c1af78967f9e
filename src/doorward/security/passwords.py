"""Hashes and verifies passwords on a small pool of threads, so that the event loop never waits for a hash.

Which passwords are acceptable is `password_policy`'s and `breaches`' business.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import argon2
import bcrypt

from doorward.errors import InvalidInput, Unavailable
from doorward.security.hashes import BCRYPT_LIMIT_BYTES, FORMATS, HashFormat, bcrypt_cost

T = TypeVar("T")
BCRYPT_COST_MIN = 12
BCRYPT_COST_LOWEST = 4
WAITING_PER_THREAD = 32


class Overloaded(Unavailable):
    """Too many sign-ups and sign-ins at once. Try again shortly."""


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
    ) -> None:
        """`threads` defaults to the cores; `waiting_limit` is how many may wait beside those being worked on."""
        self._settings = settings
        self._formats = tuple(formats)
        self._threads = threads or os.cpu_count() or 1
        self._limit = self._threads + (WAITING_PER_THREAD * self._threads if waiting_limit is None else waiting_limit)
        self._in_line = 0
        self._pool = ThreadPoolExecutor(self._threads, "doorward-hash")
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
            return await self._in_pool(lambda: bcrypt.hashpw(raw, bcrypt.gensalt(cost)).decode())
        return await self._in_pool(lambda: self._argon2.hash(raw))

    async def verify(self, password: str, encoded: str) -> bool:
        """Whether the password fits. Raises UnknownHash, Overloaded."""
        known = self.get_format(encoded)
        raw = encode(password)
        return await self._in_pool(lambda: known.verify(raw, encoded))

    def get_format(self, encoded: str) -> HashFormat:
        """Raises UnknownHash for other formats and for hashes that cost too much."""
        known = next((entry for entry in self._formats if entry.is_mine(encoded)), None)
        if known is None or not known.is_affordable(encoded):
            raise UnknownHash()
        return known

    def needs_rehash(self, encoded: str) -> bool:
        """Whether a hash of today's settings would look different; ask after a successful verify."""
        if self._settings.algorithm == "bcrypt":
            return bcrypt_cost(encoded) != self._settings.effective_bcrypt_cost
        try:
            return self._argon2.check_needs_rehash(encoded)
        except argon2.exceptions.InvalidHashError:
            return True

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _in_pool(self, task: Callable[[], T]) -> T:
        # Answering "later" at once is kinder than letting everybody wait longer than their browser does.
        if self._in_line >= self._limit:
            raise Overloaded()
        self._in_line += 1
        running = asyncio.get_running_loop().run_in_executor(self._pool, task)
        # Counted until the thread is done, not until the caller has gone: hanging up does not free a core.
        running.add_done_callback(self._leave)
        return await running

    def _leave(self, _done: object) -> None:
        self._in_line -= 1


def encode(password: str) -> bytes:
    """Passwords are taken as they are typed: not trimmed, not normalised."""
    return password.encode("utf-8", "surrogatepass")
