"""MD4 (RFC 1320) and HMAC over it: broken for decades, gone from OpenSSL, but some imported hashes are made of it."""

import hmac
import struct
from collections.abc import Callable

BLOCK_BYTES = 64
MASK = 0xFFFFFFFF
START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
Mix = Callable[[int, int, int], int]
# For each round: what it mixes, its constant, the order of the words, the rotations (RFC 1320, 3.4).
ROUNDS: tuple[tuple[Mix, int, tuple[int, ...], tuple[int, ...]], ...] = (
    (lambda x, y, z: (x & y) | (~x & z), 0, tuple(range(16)), (3, 7, 11, 19)),
    (
        lambda x, y, z: (x & y) | (x & z) | (y & z),
        0x5A827999,
        (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
        (3, 5, 9, 13),
    ),
    (
        lambda x, y, z: x ^ y ^ z,
        0x6ED9EBA1,
        (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15),
        (3, 9, 11, 15),
    ),
)


def md4(text: bytes) -> bytes:
    """The digest, 16 bytes."""
    padding = b"\x80" + bytes(-(len(text) + 9) % BLOCK_BYTES) + struct.pack("<Q", len(text) * 8)
    whole = text + padding
    state = START
    for offset in range(0, len(whole), BLOCK_BYTES):
        state = _block(state, struct.unpack("<16I", whole[offset : offset + BLOCK_BYTES]))
    return struct.pack("<4I", *state)


def hmac_md4(key: bytes, text: bytes) -> bytes:
    """HMAC (RFC 2104) with MD4."""
    short = md4(key) if len(key) > BLOCK_BYTES else key
    block = short.ljust(BLOCK_BYTES, b"\0")
    inner = md4(block.translate(hmac.trans_36) + text)
    return md4(block.translate(hmac.trans_5C) + inner)


def _block(state: tuple[int, int, int, int], words: tuple[int, ...]) -> tuple[int, int, int, int]:
    a, b, c, d = state
    for mix, constant, order, turns in ROUNDS:
        for step, word in enumerate(order):
            total = (a + mix(b, c, d) + words[word] + constant) & MASK
            turn = turns[step % 4]
            a, b, c, d = d, ((total << turn) | (total >> (32 - turn))) & MASK, b, c
    return (
        (state[0] + a) & MASK,
        (state[1] + b) & MASK,
        (state[2] + c) & MASK,
        (state[3] + d) & MASK,
    )
