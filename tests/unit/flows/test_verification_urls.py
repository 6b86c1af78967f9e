"""Where a verification that a sign-up has begun leads to."""

import pytest

from doorward.flows.verification import request_url

BASE = "http://127.0.0.1:4433/self-service/registration/browser"


@pytest.mark.parametrize(
    ("origin", "begun"),
    [
        (BASE, BASE),
        (f"{BASE}?return_to=https://a.example/", f"{BASE}?return_to=https%3A%2F%2Fa.example%2F"),
        (f"{BASE}?after_verification_return_to=https://b.example/", f"{BASE}?return_to=https%3A%2F%2Fb.example%2F"),
        (
            f"{BASE}?return_to=https://a.example/&after_verification_return_to=https://b.example/",
            f"{BASE}?return_to=https%3A%2F%2Fb.example%2F",
        ),
        (f"{BASE}?return_to=x&after_verification_return_to=", f"{BASE}?return_to=x"),
        (f"{BASE}?return_to=%2Fa%20b+c", f"{BASE}?return_to=%2Fa+b+c"),
        (f"{BASE}?b=2&a=z&a=y&after_verification_return_to=u&return_to=v", f"{BASE}?a=z&a=y&b=2&return_to=u"),
    ],
)
def test_request_url(origin: str, begun: str) -> None:
    assert request_url(origin) == begun
