"""Hashing, verifying, rehashing, overload."""

import asyncio
import threading

import argon2
import bcrypt
import pytest

from doorward.security.hash_line import Overloaded
from doorward.security.hashes import HashFormat
from doorward.security.passwords import (
    Argon2Settings,
    HashSettings,
    PasswordHasher,
    PasswordTooLong,
    UnknownHash,
)

CHEAP = HashSettings(argon2=Argon2Settings(memory_kib=64, iterations=1))
CHEAP_BCRYPT = HashSettings(algorithm="bcrypt", bcrypt_cost=4, is_dev=True)


@pytest.mark.parametrize("settings", [CHEAP, CHEAP_BCRYPT], ids=["argon2", "bcrypt"])
@pytest.mark.parametrize("password", ["correct horse", " blanks ", "pässwörd ☃", "nul\x00inside", "\ud800 lone"])
async def test_a_hash_verifies_its_own_password_only(settings: HashSettings, password: str) -> None:
    hasher = PasswordHasher(settings)
    encoded = await hasher.hash(password)
    assert await hasher.verify(password, encoded)
    assert not await hasher.verify(password + "x", encoded)
    assert not hasher.needs_rehash(encoded)
    hasher.close()


async def test_the_default_is_argon2id_with_19_mib() -> None:
    hasher = PasswordHasher(HashSettings())
    encoded = await hasher.hash("a password")
    assert encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    hasher.close()


@pytest.mark.parametrize("prefix", ["2", "2a", "2b", "2y"])
async def test_bcrypt_of_other_programs(prefix: str) -> None:
    encoded = bcrypt.hashpw(b"secret one", bcrypt.gensalt(4)).decode().replace("$2b$", f"${prefix}$")
    hasher = PasswordHasher(CHEAP)
    assert await hasher.verify("secret one", encoded)
    assert not await hasher.verify("secret two", encoded)
    assert hasher.needs_rehash(encoded)
    hasher.close()


async def test_argon2i_and_padded_argon2_of_other_programs() -> None:
    hasher = PasswordHasher(CHEAP)
    other = argon2.PasswordHasher(1, 64, 1, type=argon2.Type.I).hash("secret one")
    assert await hasher.verify("secret one", other)
    assert hasher.needs_rehash(other)
    own = await hasher.hash("secret one")
    padded = "$".join(part + "=" * (-len(part) % 4) if n > 3 else part for n, part in enumerate(own.split("$")))
    assert padded != own
    assert await hasher.verify("secret one", padded)
    hasher.close()


async def test_bcrypt_takes_nothing_beyond_72_bytes() -> None:
    hasher = PasswordHasher(CHEAP_BCRYPT)
    with pytest.raises(PasswordTooLong) as caught:
        await hasher.hash("ü" * 37)
    assert caught.value.details == {"max_length": 72, "actual_length": 74}
    elsewhere = bcrypt.hashpw(b"a" * 72, bcrypt.gensalt(4)).decode()
    assert await hasher.verify("a" * 72, elsewhere)
    assert not await hasher.verify("a" * 73, elsewhere)
    assert not await hasher.verify("a" * 71, elsewhere)
    hasher.close()


def test_a_low_bcrypt_cost_counts_in_dev_only() -> None:
    assert HashSettings(algorithm="bcrypt", bcrypt_cost=4).effective_bcrypt_cost == 12
    assert HashSettings(algorithm="bcrypt", bcrypt_cost=13).effective_bcrypt_cost == 13
    assert CHEAP_BCRYPT.effective_bcrypt_cost == 4


async def test_changed_settings_ask_for_a_rehash() -> None:
    old, new = PasswordHasher(CHEAP), PasswordHasher(HashSettings(argon2=Argon2Settings(memory_kib=128, iterations=1)))
    encoded = await old.hash("a password")
    assert new.needs_rehash(encoded)
    assert PasswordHasher(CHEAP_BCRYPT).needs_rehash(encoded)
    old.close()
    new.close()


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "plain",
        "$2b$04$short",
        "$2b$31$" + "a" * 53,
        "$argon2id$v=19$m=99999999,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
        "$argon2id$v=19$m=64,t=99,p=1$c2FsdHNhbHQ$aGFzaA",
        "$argon2id$v=19$m=64,t=1,p=64$c2FsdHNhbHQ$aGFzaA",
        "$argon2id$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
    ],
)
async def test_unknown_and_too_expensive_hashes_are_refused(encoded: str) -> None:
    hasher = PasswordHasher(CHEAP)
    with pytest.raises(UnknownHash):
        hasher.get_format(encoded)
    assert not await hasher.verify("x", encoded)
    hasher.close()


async def test_a_broken_argon2_hash_fits_nothing() -> None:
    hasher = PasswordHasher(CHEAP)
    assert not await hasher.verify("x", "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA")
    hasher.close()


async def test_a_long_line_is_refused_at_once_and_recovers() -> None:
    gate = threading.Event()

    def wait(_password: bytes, _encoded: str) -> bool:
        return gate.wait(60)

    slow = HashFormat("slow", lambda text: text == "slow", lambda _: True, wait)
    hasher = PasswordHasher(CHEAP, threads=1, waiting_limit=2, formats=[slow])
    waiting = [asyncio.create_task(hasher.verify("x", "slow")) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await hasher.verify("x", "slow")
    # Hanging up does not free the core that works on the first one.
    waiting[0].cancel()
    await asyncio.gather(waiting[0], return_exceptions=True)
    gate.set()
    assert await asyncio.gather(*waiting[1:]) == [True, True]
    assert await hasher.verify("x", "slow")
    hasher.close()
