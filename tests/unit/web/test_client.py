"""Whose address counts behind proxies."""

from ipaddress import ip_network

import pytest

from doorward.web.client import client_address, counted_address, device_of, location_of

OURS, CDN, THEIRS = "10.0.0.1", "198.51.100.9", "203.0.113.7"


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({}, "10.0.0.1"),
        ({"true-client-ip": "8.8.8.8", "x-real-ip": "9.9.9.9"}, "8.8.8.8"),
        ({"x-real-ip": "9.9.9.9", "x-forwarded-for": "1.1.1.1"}, "9.9.9.9"),
        ({"x-forwarded-for": "8.8.4.4, 1.1.1.1, 10.0.0.7"}, "1.1.1.1"),
        ({"x-forwarded-for": "10.0.0.7, nonsense"}, "nonsense"),
        ({"x-forwarded-for": "203.0.113.7, 192.168.1.1, fd00::1, "}, "203.0.113.7"),
        ({"x-forwarded-for": "10.0.0.7, 127.0.0.1"}, "10.0.0.1"),
        ({"true-client-ip": "", "x-forwarded-for": "2001:db8::1"}, "2001:db8::1"),
        ({"cf-connecting-ip": "8.8.8.8"}, "8.8.8.8"),
    ],
)
def test_the_address(headers: dict[str, str], address: str) -> None:
    assert client_address(headers, "10.0.0.1") == address


def test_a_long_user_agent_is_cut() -> None:
    assert device_of({"user-agent": "x" * 5000}, "").user_agent == "x" * 512


def test_no_user_agent_differs_from_an_empty_one() -> None:
    assert device_of({}, "").user_agent is None
    assert device_of({"user-agent": ""}, "").user_agent == ""


def test_the_place_is_what_the_cdn_tells() -> None:
    assert location_of({"cf-ipcity": "Berlin", "cf-ipcountry": "DE"}) == "Berlin, DE"
    assert location_of({"cf-ipcountry": "DE"}) == "DE"
    assert location_of({}) == ""


@pytest.mark.parametrize(
    ("peer", "headers", "address"),
    [
        (OURS, {}, OURS),
        (THEIRS, {}, THEIRS),
        # Whoever comes directly is who they are.
        (THEIRS, {"x-forwarded-for": "8.8.8.8"}, THEIRS),
        (THEIRS, {"true-client-ip": "8.8.8.8", "x-real-ip": "9.9.9.9", "cf-connecting-ip": "1.1.1.1"}, THEIRS),
        # Behind a proxy of ours, what it added counts, and nothing that was there before.
        (OURS, {"x-forwarded-for": THEIRS}, THEIRS),
        (OURS, {"x-forwarded-for": f"8.8.8.8, {THEIRS}"}, THEIRS),
        (OURS, {"x-forwarded-for": f"8.8.8.8, {THEIRS}, 192.168.1.1"}, THEIRS),
        (OURS, {"x-forwarded-for": THEIRS, "true-client-ip": "8.8.8.8", "x-real-ip": "9.9.9.9"}, THEIRS),
        (OURS, {"x-real-ip": THEIRS, "true-client-ip": "8.8.8.8"}, THEIRS),
        (OURS, {"x-forwarded-for": "10.0.0.7, 10.0.0.8"}, "10.0.0.7"),
        (OURS, {"x-forwarded-for": "8.8.8.8, nonsense"}, "nonsense"),
        # A CDN is believed where it is named.
        (CDN, {"x-forwarded-for": f"8.8.8.8, {THEIRS}"}, THEIRS),
        (OURS, {"x-forwarded-for": f"8.8.8.8, {THEIRS}, {CDN}"}, THEIRS),
        ("::1", {"x-forwarded-for": "2001:db8::5"}, "2001:db8::5"),
        ("::ffff:203.0.113.7", {"x-forwarded-for": "8.8.8.8"}, THEIRS),
        ("::ffff:10.0.0.1", {"x-forwarded-for": "::ffff:203.0.113.7"}, THEIRS),
        ("", {"x-forwarded-for": "8.8.8.8"}, ""),
    ],
)
def test_what_is_counted_by_cannot_be_made_up(peer: str, headers: dict[str, str], address: str) -> None:
    assert counted_address(headers, peer, [ip_network("198.51.100.0/24")]) == address


def test_a_cdn_that_is_not_named_is_not_believed() -> None:
    assert counted_address({"x-forwarded-for": "8.8.8.8"}, CDN, []) == CDN
