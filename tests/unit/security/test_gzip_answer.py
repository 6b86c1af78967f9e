"""However an answer is cut into pieces, what comes out is what was packed."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.security.gzip_answer import PIECE_BYTES, GzipAnswer, GzipBroken


def _opened(packed: bytes, step: int) -> bytes:
    answer = GzipAnswer()
    pieces = [piece for at in range(0, len(packed), step) for piece in answer.opened(packed[at : at + step])]
    assert all(0 < len(piece) <= PIECE_BYTES for piece in pieces)
    return b"".join((*pieces, answer.rest()))


@given(st.lists(st.binary(max_size=300), max_size=3), st.integers(1, 500), st.integers(1, 400))
def test_members_follow_one_another(members: list[bytes], times: int, step: int) -> None:
    whole = [member * times for member in members]
    assert _opened(b"".join(map(gzip.compress, whole)), step) == b"".join(whole)


def test_a_bomb_comes_in_pieces() -> None:
    first = next(GzipAnswer().opened(gzip.compress(bytes(10 << 20))))
    assert len(first) == PIECE_BYTES


@pytest.mark.parametrize("packed", [b"{}", gzip.compress(b"x" * 100)[:-1], gzip.compress(b"x") + b"\0"])
def test_what_is_no_gzip_or_not_all_of_it_is_broken(packed: bytes) -> None:
    with pytest.raises(GzipBroken):
        _opened(packed, 7)
