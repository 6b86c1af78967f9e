"""Opens gzip answers piece by piece, so that a bomb is found out before it has grown. Pure."""

import zlib
from collections.abc import Iterator

WITH_HEADER = 16 + zlib.MAX_WBITS
PIECE_BYTES = 64 << 10


class GzipBroken(Exception):
    """What came is no gzip, or not all of it."""


class GzipAnswer:
    """One answer; of several members, as RFC 1952 2.2 allows, the contents follow one another."""

    def __init__(self) -> None:
        self._member: zlib._Decompress | None = None

    def opened(self, data: bytes) -> Iterator[bytes]:
        """What this part of the answer holds, in pieces of a bounded length. Raises GzipBroken."""
        while data:
            member = self._member or zlib.decompressobj(WITH_HEADER)
            try:
                piece = member.decompress(data, PIECE_BYTES)
            except zlib.error:
                raise GzipBroken from None
            self._member, data = (None, member.unused_data) if member.eof else (member, member.unconsumed_tail)
            if piece:
                yield piece

    def rest(self) -> bytes:
        """What was still to come when the answer ended. Raises GzipBroken if that is not where it should end."""
        if self._member is None:
            return b""
        rest = self._member.flush()
        if not self._member.eof:
            raise GzipBroken
        return rest
