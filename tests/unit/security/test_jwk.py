"""JSON Web Keys: every algorithm signs what its public half verifies; what cannot sign is refused."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from doorward.security.jwk import UnusableKey, first_signing_key, signed_token

HASHES: dict[str, Any] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVES: dict[str, Any] = {
    "ES256": ("P-256", ec.SECP256R1(), 32),
    "ES384": ("P-384", ec.SECP384R1(), 48),
    "ES512": ("P-521", ec.SECP521R1(), 66),
}
SECRET = b"a-secret-of-the-tests-of-32-bytes"


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(value: int) -> str:
    return encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def key_set(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": list(keys)})


def parts(document: str) -> tuple[dict[str, Any], bytes, bytes]:
    """Header, signed text and signature of a token made with the first key."""
    token = signed_token(first_signing_key(document), {"sub": "ada"})
    head, body, signature = token.split(".")
    assert json.loads(decoded(body)) == {"sub": "ada"}
    return json.loads(decoded(head)), f"{head}.{body}".encode(), decoded(signature)


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def rsa_jwk(key: rsa.RSAPrivateKey, algorithm: str, *, is_short: bool = False) -> dict[str, Any]:
    numbers = key.private_numbers()
    found = {
        "kty": "RSA",
        "alg": algorithm,
        "kid": "mine",
        "n": number(numbers.public_numbers.n),
        "e": number(numbers.public_numbers.e),
        "d": number(numbers.d),
    }
    return found if is_short else {**found, "p": number(numbers.p), "q": number(numbers.q)}


@pytest.mark.parametrize("size", ["256", "384", "512"])
def test_hmac(size: str) -> None:
    document = key_set({"kty": "oct", "alg": f"HS{size}", "k": encoded(SECRET)})
    head, signed, signature = parts(document)
    assert head == {"alg": f"HS{size}", "kid": "", "typ": "JWT"}
    assert hmac.compare_digest(signature, hmac.new(SECRET, signed, getattr(hashlib, f"sha{size}")).digest())


@pytest.mark.parametrize("is_short", [False, True])
@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_rsa(rsa_key: rsa.RSAPrivateKey, algorithm: str, is_short: bool) -> None:
    head, signed, signature = parts(key_set(rsa_jwk(rsa_key, algorithm, is_short=is_short)))
    assert head == {"alg": algorithm, "kid": "mine", "typ": "JWT"}
    digest = HASHES[algorithm[2:]]
    pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
    rsa_key.public_key().verify(signature, signed, padding.PKCS1v15() if algorithm[0] == "R" else pss, digest)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512"])
def test_curves(algorithm: str) -> None:
    name, curve, width = CURVES[algorithm]
    private = ec.generate_private_key(curve)
    numbers = private.private_numbers()
    x, y = (encoded(each.to_bytes(width, "big")) for each in (numbers.public_numbers.x, numbers.public_numbers.y))
    d = encoded(numbers.private_value.to_bytes(width, "big"))
    document = key_set({"kty": "EC", "alg": algorithm, "crv": name, "x": x, "y": y, "d": d})
    _, signed, signature = parts(document)
    assert len(signature) == 2 * width
    r, s = int.from_bytes(signature[:width], "big"), int.from_bytes(signature[width:], "big")
    private.public_key().verify(encode_dss_signature(r, s), signed, ec.ECDSA(HASHES[algorithm[2:]]))


def test_edwards() -> None:
    private = Ed25519PrivateKey.generate()
    document = key_set(
        {
            "kty": "OKP",
            "alg": "EdDSA",
            "crv": "Ed25519",
            "x": encoded(private.public_key().public_bytes_raw()),
            "d": encoded(private.private_bytes_raw()),
        }
    )
    _, signed, signature = parts(document)
    private.public_key().verify(signature, signed)


def test_the_first_key_signs() -> None:
    first = {"kty": "oct", "alg": "HS256", "kid": "one", "k": encoded(SECRET)}
    assert first_signing_key(key_set(first, {"kty": "oct"})).id == "one"


@pytest.mark.parametrize(
    "document",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"keys": {}}',
        '{"keys": []}',
        '{"keys": ["x"]}',
        '{"keys": [null]}',
        key_set({"kty": "oct", "k": encoded(SECRET)}),
        key_set({"kty": "oct", "alg": 5, "k": encoded(SECRET)}),
        key_set({"kty": "oct", "alg": "none", "k": encoded(SECRET)}),
        key_set({"kty": "oct", "alg": "HS999", "k": encoded(SECRET)}),
        key_set({"kty": "oct", "alg": "RS256", "k": encoded(SECRET)}),
        key_set({"kty": "oct", "alg": "HS256"}),
        key_set({"kty": "oct", "alg": "HS256", "k": ""}),
        key_set({"kty": "oct", "alg": "HS256", "k": 7}),
        key_set({"kty": "OKP", "alg": "EdDSA", "crv": "Ed25519", "d": "AA"}),
        key_set({"kty": "EC", "alg": "ES256", "crv": "P-384", "x": "AA", "y": "AA", "d": "AA"}),
        key_set({"kty": "EC", "alg": "ES256", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"}),
        key_set({"kty": "RSA", "alg": "RS256", "n": "AQAB", "e": "AQAB"}),
    ],
)
def test_what_cannot_sign(document: str) -> None:
    with pytest.raises(UnusableKey) as refused:
        first_signing_key(document)
    assert encoded(SECRET) not in str(refused.value)


def test_a_public_or_weak_rsa_key_does_not_sign(rsa_key: rsa.RSAPrivateKey) -> None:
    public = {name: value for name, value in rsa_jwk(rsa_key, "RS256").items() if name in ("kty", "alg", "n", "e")}
    weak = rsa_jwk(rsa.generate_private_key(65537, 1024), "RS256")
    for each in (public, weak):
        with pytest.raises(UnusableKey):
            first_signing_key(key_set(each))


def test_a_key_does_not_show_itself() -> None:
    key = first_signing_key(key_set({"kty": "oct", "alg": "HS256", "k": encoded(SECRET)}))
    assert "sign" not in repr(key)
