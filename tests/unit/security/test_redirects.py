"""What a redirect keeps and what it leaves behind."""

import pytest

from doorward.security.outgoing import EgressFailed, EgressRefused, OutgoingRequest
from doorward.security.redirects import Hop, first_hop, next_hop

POST = OutgoingRequest(
    "POST",
    "https://a.example/x?secret=1",
    {"Authorization": "Basic x", "Cookie": "a=1", "Content-Type": "application/json", "X-Key": "k", "X-Mine": "yes"},
    b"{}",
    private_headers=frozenset({"x-key"}),
)


def follow(status: int, location: str | None) -> Hop | None:
    return next_hop(first_hop(POST), POST, status, location)


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [(301, "GET", b""), (302, "GET", b""), (303, "GET", b""), (307, "POST", b"{}"), (308, "POST", b"{}")],
)
def test_method_and_body(status: int, method: str, body: bytes) -> None:
    hop = follow(status, "/y")
    assert hop is not None
    assert (hop.method, hop.url, hop.body) == (method, "https://a.example/y", body)
    assert ("Content-Type" in hop.headers) is bool(body)
    assert hop.headers["Authorization"] == "Basic x"
    assert hop.headers["Referer"] == "https://a.example/x"
    assert hop.is_at_home


@pytest.mark.parametrize("location", ["https://b.example/", "http://a.example/", "//sub.a.example/"])
def test_another_host_or_no_tls_gets_no_secret(location: str) -> None:
    hop = follow(307, location)
    assert hop is not None
    assert hop.headers.keys() & {"Authorization", "Cookie", "X-Key"} == set()
    assert hop.headers["X-Mine"] == "yes"
    assert not hop.is_at_home


def test_another_port_is_not_home() -> None:
    hop = follow(307, "https://a.example:8443/")
    assert hop is not None
    assert not hop.is_at_home


@pytest.mark.parametrize("location", ["http://[::1", "http://b.example:port/"])
def test_where_to_cannot_be_read(location: str) -> None:
    with pytest.raises(EgressFailed) as caught:
        follow(302, location)
    assert caught.value.kind == "protocol"


@pytest.mark.parametrize(("status", "location"), [(302, None), (302, ""), (304, "/y"), (200, "/y"), (300, "/y")])
def test_no_redirect(status: int, location: str | None) -> None:
    assert follow(status, location) is None


def test_userinfo_becomes_basic_and_the_fragment_goes() -> None:
    hop = first_hop(OutgoingRequest("GET", "http://us%65r:p%40ss@a.example/x#frag"))
    assert hop.url == "http://a.example/x"
    assert hop.headers == {"Authorization": "Basic dXNlcjpwQHNz"}
    kept = first_hop(OutgoingRequest("GET", "http://u:p@a.example/", {"authorization": "Bearer t"}))
    assert kept.headers == {"authorization": "Bearer t"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-A", "sekrit\r\nX-C: d"), ("X-A\n", "sekrit"), ("X A", "sekrit"), ("", "sekrit"), ("X-A", "sekrit\x00")],
)
def test_forged_headers_are_refused(name: str, value: str) -> None:
    with pytest.raises(EgressRefused) as caught:
        first_hop(OutgoingRequest("GET", "http://a.example/", {name: value}))
    assert caught.value.rule == "header"
    assert "sekrit" not in str(caught.value)


@pytest.mark.parametrize("method", ["GET / HTTP/1.1\r\nX: y", "", "GE T"])
def test_forged_methods_are_refused(method: str) -> None:
    with pytest.raises(EgressRefused):
        first_hop(OutgoingRequest(method, "http://a.example/"))


def test_headers_that_the_client_owns_are_left_out() -> None:
    assert first_hop(OutgoingRequest("GET", "http://a.example/", {"Host": "b", "content-length": "9"})).headers == {}
