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
        ({"x-forwarded-for": "10.0.0.7, nonsense"}, "10.0.0.1"),
        ({"cf-connecting-ip": "8.8.8.8"}, "8.8.8.8"),
    ],
)
def test_the_address(headers: dict[str, str], address: str) -> None:
    assert client_address(headers, "10.0.0.1") == address


def test_a_long_user_agent_is_cut() -> None:
    assert len(device_of({"user-agent": "x" * 5000}, "").user_agent) == 512


def test_the_place_is_what_the_cdn_tells() -> None:
    assert location_of({"cf-ipcity": "Berlin", "cf-ipcountry": "DE"}) == "Berlin, DE"
    assert location_of({"cf-ipcountry": "DE"}) == "DE"
    assert location_of({}) == ""
