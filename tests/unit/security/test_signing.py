"""Standard Webhooks: a known vector, forgeries, rotation."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.security.signing import BadSignature, BadSigningSecret, SigningKeys

# The example of the Standard Webhooks specification and its libraries
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_AT = datetime.fromtimestamp(1614265330, UTC)
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="


def test_the_published_vector() -> None:
    headers = SigningKeys.parse([SECRET]).sign(VECTOR_ID, VECTOR_AT, VECTOR_BODY)
    assert headers == {"webhook-id": VECTOR_ID, "webhook-timestamp": "1614265330", "webhook-signature": VECTOR}


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_only_the_signed_body_verifies(body: bytes, other: bytes) -> None:
    keys = SigningKeys.parse([SECRET])
    headers = keys.sign("msg_1", VECTOR_AT, body)
    keys.verify(headers, body, VECTOR_AT)
    if other != body:
        with pytest.raises(BadSignature):
            keys.verify(headers, other, VECTOR_AT)


def test_keys_rotate_from_either_side() -> None:
    old, new, both = SigningKeys.parse([SECRET]), SigningKeys.parse([OTHER]), SigningKeys.parse([OTHER, SECRET])
    headers = both.sign("msg_1", VECTOR_AT, b"x")
    assert headers["webhook-signature"].count("v1,") == 2
    for keys in (old, new, both):
        keys.verify(headers, b"x", VECTOR_AT)
    both.verify(old.sign("msg_1", VECTOR_AT, b"x"), b"x", VECTOR_AT)
    with pytest.raises(BadSignature):
        new.verify(old.sign("msg_1", VECTOR_AT, b"x"), b"x", VECTOR_AT)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_old_and_future_messages_are_refused(minutes: int) -> None:
    keys = SigningKeys.parse([SECRET])
    headers = keys.sign("msg_1", VECTOR_AT, b"x")
    with pytest.raises(BadSignature):
        keys.verify(headers, b"x", VECTOR_AT + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-timestamp": "1614265331"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "²"},
        {"webhook-signature": ""},
        {"webhook-signature": "v2," + VECTOR[3:]},
        {"webhook-signature": "v1,é"},
    ],
)
def test_forged_headers_are_refused(changed: dict[str, str]) -> None:
    keys = SigningKeys.parse([SECRET])
    headers = keys.sign("msg_1", VECTOR_AT, b"x") | changed
    with pytest.raises(BadSignature):
        keys.verify(headers, b"x", VECTOR_AT)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_!!!", "whsec_QUJD", SECRET.removeprefix("whsec_"), "whsec_" + "QUJD" * 22]
)
def test_weak_or_damaged_secrets_are_refused(secret: str) -> None:
    with pytest.raises(BadSigningSecret) as caught:
        SigningKeys.parse([secret])
    assert "QUJD" not in str(caught.value)


def test_keys_are_not_in_the_repr() -> None:
    assert repr(SigningKeys.parse([SECRET])) == "SigningKeys()"
