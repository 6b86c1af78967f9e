"""Whose address counts behind proxies."""

import pytest

from doorward.web.client import client_address, device_of, location_of


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
