"""The token of a logout link."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from doorward.ids import opaque_token
from doorward.sessions.logout_token import is_logout_token, logout_token


def test_it_has_the_form_that_clients_know_and_stays_the_same() -> None:
    token = opaque_token("ory_st_")
    assert re.fullmatch(r"ory_lo_[A-Za-z0-9]{32}", logout_token(token))
    assert logout_token(token) == logout_token(token)
    assert token.removeprefix("ory_st_") not in logout_token(token)


@given(st.text(), st.text())
@example("", "\0")
def test_each_session_has_its_own(first: str, second: str) -> None:
    assert is_logout_token(logout_token(first), first)
    assert is_logout_token(logout_token(first), second) == (first == second)
    assert not is_logout_token(first, first)
