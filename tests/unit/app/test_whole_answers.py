"""What of an answer goes into which write; nothing of it is held back at its end."""

import asyncio

import pytest

from doorward.app.whole_answers import WholeAnswers

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"


class Written(asyncio.Transport):
    """Keeps what the system would be asked to send, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.is_closed
        self.pieces.append(bytes(data))

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def below() -> Written:
    return Written()


@pytest.fixture
def answers(below: Written) -> WholeAnswers:
    return WholeAnswers(below)


def test_head_and_body_are_one_write(below: Written, answers: WholeAnswers) -> None:
    answers.write(HEAD)
    answers.write(b"hello")
    assert below.pieces == [HEAD + b"hello"]


def test_an_empty_body_lets_the_head_go(below: Written, answers: WholeAnswers) -> None:
    answers.write(HEAD)
    answers.write(b"")
    assert below.pieces == [HEAD]


def test_later_pieces_wait_for_nothing(below: Written, answers: WholeAnswers) -> None:
    for piece in (HEAD, b"a", b"b"):
        answers.write(piece)
    assert below.pieces == [HEAD + b"a", b"b"]


def test_an_answer_without_a_body_ends_with_its_head(below: Written, answers: WholeAnswers) -> None:
    answers.write(HEAD)
    answers.flush()
    answers.flush()
    assert below.pieces == [HEAD]


def test_a_body_that_looks_like_a_head_is_sent_when_the_answer_ends(below: Written, answers: WholeAnswers) -> None:
    for piece in (HEAD, b"a", HEAD):
        answers.write(piece)
    answers.flush()
    assert b"".join(below.pieces) == HEAD + b"a" + HEAD


def test_who_is_asked_to_go_on_hears_of_it_at_once(below: Written, answers: WholeAnswers) -> None:
    answers.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert below.pieces == [b"HTTP/1.1 100 Continue\r\n\r\n"]


def test_hanging_up_says_first_what_there_is_to_say(below: Written, answers: WholeAnswers) -> None:
    answers.write(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    answers.close()
    assert below.pieces == [b"HTTP/1.1 408 Request Timeout\r\n\r\n"]
    assert below.is_closed
