"""Which cookies a template sees, and of which it sees no value."""

import pytest

from doorward.web.cookies import CookieNames
from doorward.web.seen_cookies import REDACTED, seen_cookies

OWN = CookieNames("csrf_token_ab12", "session_of_ours")


@pytest.mark.parametrize(
    ("header", "seen"),
    [
        ("a=1; b=2; a=3", {"a": "3", "b": "2"}),
        (
            'q="quoted value"; e=; =nameless; bare; s=x y; p=%20',
            {"q": "quoted value", "e": "", "bare": "", "s": "x y", "p": "%20"},
        ),
        ('n=café; x={"a":1}; y=a,b; z=a=b; back=\\; one="', {"y": "a,b", "z": "a=b"}),
        ("", {}),
        (";; ;", {}),
        (" a =1;\tb= 2 ", {"a": "1", "b": " 2"}),
        ("na(me=1; ok=1", {"ok": "1"}),
    ],
)
def test_read_as_kratos_reads(header: str, seen: dict[str, str]) -> None:
    assert seen_cookies([header], OWN) == seen


def test_several_headers_are_one() -> None:
    assert seen_cookies(["a=1", "a=2; b=3"], OWN) == {"a": "2", "b": "3"}


@pytest.mark.parametrize(
    "name",
    [
        "csrf_token_ab12",
        "session_of_ours",
        "ory_kratos_session",
        "ory_kratos_continuity",
        "doorward_console_1",
        "csrf_token_other",
    ],
)
def test_what_opens_a_door_keeps_its_name_only(name: str) -> None:
    assert seen_cookies([f"{name}=secret; hubspotutk=visitor"], OWN) == {name: REDACTED, "hubspotutk": "visitor"}
