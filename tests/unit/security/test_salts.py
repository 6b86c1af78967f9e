"""Salts and nonces: long enough, and never the same twice."""

import base64

from doorward.ids import new_row_id
from doorward.security.cipher import HEADER_BYTES, NONCE_BYTES, Cipher
from doorward.security.keys import new_identity_key
from doorward.security.passwords import Argon2Settings, HashSettings, PasswordHasher

SECRET = "a-secret-of-the-tests-for-all-keys"
MANY = 500


async def test_every_hash_has_a_salt_of_its_own() -> None:
    hasher = PasswordHasher(HashSettings(argon2=Argon2Settings(memory_kib=8, iterations=1)), threads=1)
    try:
        hashes = [await hasher.hash("the same password") for _ in range(20)]
    finally:
        hasher.close()
    salts = {encoded.split("$")[4] for encoded in hashes}
    assert len(salts) == len(hashes)
    assert {len(base64.b64decode(salt + "==")) for salt in salts} == {Argon2Settings().salt_bytes} == {16}


def test_every_ciphertext_has_a_nonce_of_its_own() -> None:
    cipher = Cipher([SECRET])
    sealed = [cipher.encrypt(b"the same", b"place") for _ in range(MANY)]
    assert len({each[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES] for each in sealed}) == MANY
    key, row = new_identity_key(new_row_id()), new_row_id()
    assert len({key.seal(row, b"the same")[1 : 1 + NONCE_BYTES] for _ in range(MANY)}) == MANY
