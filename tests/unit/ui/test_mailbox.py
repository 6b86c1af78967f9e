"""The development mailbox's page: what becomes a link, what a code."""

import pytest

from doorward.ui.mailbox import Piece, line_of


def test_links_can_be_clicked() -> None:
    line = line_of("Go to http://127.0.0.1:4433/self-service/recovery?token=a&flow=b now")
    assert line.pieces == (
        Piece("Go to "),
        Piece("http://127.0.0.1:4433/self-service/recovery?token=a&flow=b", is_link=True),
        Piece(" now"),
    )


@pytest.mark.parametrize("text", ["javascript:alert(1)", "data:text/html,x", 'ftp://"x', "plain"])
def test_nothing_else_becomes_a_link(text: str) -> None:
    assert not any(piece.is_link for piece in line_of(text).pieces)


def test_a_line_of_digits_is_a_code() -> None:
    assert line_of(" 123456 ").is_code
    assert not line_of("hello").is_code
    assert not line_of("123456 is the code").is_code
    assert line_of("").pieces == ()
