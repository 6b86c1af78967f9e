"""No value of `return_to` leads to a host that the operator did not list."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.errors import InvalidInput
from doorward.flows.errors import SelfServiceFlowReturnToForbidden
from doorward.flows.return_to import ReturnTargets, with_flow

TARGETS = ReturnTargets(
    "https://app.example.org/welcome",
    (
        "https://app.example.org",
        "https://deep.example.org/inside",
        "https://*.wild.example.org",
        "https://*.com",
        "myapp://callback",
    ),
)


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("", "https://app.example.org/welcome"),
        ("https://app.example.org", "https://app.example.org"),
        ("https://APP.example.org/a?b=c#d", "https://APP.example.org/a?b=c#d"),
        ("/relative?x=1", "https://app.example.org/relative?x=1"),
        ("https://deep.example.org/inside/more", "https://deep.example.org/inside/more"),
        ("https://a.b.wild.example.org/", "https://a.b.wild.example.org/"),
        ("https://deep.example.org/%69nside", "https://deep.example.org/%69nside"),
        ("?step=2", "https://app.example.org?step=2"),
        ("#top", "https://app.example.org#top"),
        ("myapp://callback/done", "myapp://callback/done"),
        ("https://app.example.org/a b?c d#e f ", "https://app.example.org/a%20b?c d#e%20f%20"),
        ("https://app.example.org/%64/é", "https://app.example.org/d/%C3%A9"),
        ("https://app.example.org/%64/'(x)", "https://app.example.org/%64/'(x)"),
        ("/a b", "https://app.example.org/a%20b"),
    ],
)
def test_allowed(asked: str, target: str) -> None:
    assert TARGETS.check(asked) == target


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example/",
        "http://app.example.org/",
        "https://app.example.org:443/",
        "https://app.example.org.evil.example/",
        "https://app.example.org@evil.example/",
        "https://user@app.example.org/",
        "https://deep.example.org/outside",
        "https://deep.example.org/inside/../outside",
        "https://deep.example.org/inside/%2e%2e/outside",
        "https://wild.example.org/",
        "https://evilwild.example.org/",
        "https://evil.com/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "https:evil.example",
        "relative",
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp:callback",
        "myapp://other",
        "https:///inside",
    ],
)
def test_forbidden(asked: str) -> None:
    with pytest.raises(SelfServiceFlowReturnToForbidden):
        TARGETS.check(asked)


@pytest.mark.parametrize(
    "asked",
    [
        "https://[broken/",
        "https://app.example.org:port/",
        "https://app.example.org\\@evil.example/",
        "https://app.example.org/\r\nx: y",
        " https://app.example.org/",
        "https://app.example.org .evil.example/",
        "https://app.example.org/%zz",
    ],
)
def test_no_url_at_all(asked: str) -> None:
    with pytest.raises(InvalidInput, match="not a URL"):
        TARGETS.check(asked)


def test_scripts_do_not_run_even_if_listed() -> None:
    with pytest.raises(SelfServiceFlowReturnToForbidden):
        ReturnTargets("https://a.example/", ("javascript://x",)).check("javascript://x/%0aalert(1)")


@given(st.text(alphabet="ht ps:/\\.@evilap%2f#?\t", max_size=40))
def test_whatever_passes_stays_at_home(asked: str) -> None:
    try:
        target = TARGETS.check(asked)
    except InvalidInput:
        return
    host = urlsplit(target).hostname or ""
    if target.startswith("myapp:"):
        return
    assert host in ("app.example.org", "deep.example.org") or host.endswith(".wild.example.org")


def test_flow_goes_into_the_query_in_order() -> None:
    assert with_flow("https://a.example/p?z=1&b=2#top", "7") == "https://a.example/p?b=2&flow=7&z=1#top"
