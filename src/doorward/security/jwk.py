"""Signing keys as JSON Web Keys (RFC 7517, 7518): the first key of a set, and signatures made with it (RFC 7515)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from doorward.errors import InvalidInput

Sign = Callable[[bytes], bytes]

HASHES: Mapping[str, type[hashes.SHA256] | type[hashes.SHA384] | type[hashes.SHA512]] = {
    "256": hashes.SHA256,
    "384": hashes.SHA384,
    "512": hashes.SHA512,
}
CURVES: Mapping[str, tuple[str, ec.EllipticCurve, int]] = {
    "ES256": ("P-256", ec.SECP256R1(), 32),
    "ES384": ("P-384", ec.SECP384R1(), 48),
    "ES512": ("P-521", ec.SECP521R1(), 66),
}
RSA_BITS_MIN = 2048


class UnusableKey(InvalidInput):
    """The key set holds no key that could sign."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """`id` is the key's `kid`, "" without one."""

    algorithm: str
    id: str
    sign: Sign = field(repr=False)


def first_signing_key(document: str) -> SigningKey:
    """The first key of a JWK set, which has to be private and to name its algorithm. Raises UnusableKey."""
    try:
        keys = orjson.loads(document)["keys"]
        key = keys[0]
        algorithm = key["alg"]
    except (ValueError, KeyError, IndexError, TypeError):
        raise UnusableKey("The key set has no key, or one without alg.") from None
    if not isinstance(key, Mapping) or not isinstance(algorithm, str):
        raise UnusableKey("The key set has no key, or one without alg.")
    try:
        sign = _signer(algorithm, key)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise UnusableKey("The key is not a private one for its algorithm.") from None
    return SigningKey(algorithm, str(key.get("kid") or ""), sign)


def signed_token(key: SigningKey, claims: Mapping[str, Any]) -> str:
    """A JSON Web Token in compact form (RFC 7519)."""
    head = _text(orjson.dumps({"alg": key.algorithm, "kid": key.id, "typ": "JWT"}))
    signed = f"{head}.{_text(orjson.dumps(claims))}"
    return f"{signed}.{_text(key.sign(signed.encode()))}"


def _signer(algorithm: str, key: Mapping[str, Any]) -> Sign:
    kind, size = algorithm[:2], algorithm[2:]
    if algorithm == "EdDSA":
        return _eddsa(key)
    if algorithm in CURVES:
        return _ecdsa(algorithm, key)
    if size in HASHES and kind == "HS":
        return _hmac(size, key)
    if size in HASHES and kind in ("RS", "PS"):
        return _rsa(kind, HASHES[size](), key)
    raise ValueError(algorithm)


def _hmac(size: str, key: Mapping[str, Any]) -> Sign:
    secret = _bytes(_of_kind(key, "oct")["k"])
    if not secret:
        raise ValueError("empty")
    return lambda signed: hmac.new(secret, signed, getattr(hashlib, f"sha{size}")).digest()


def _rsa(kind: str, digest: hashes.HashAlgorithm, key: Mapping[str, Any]) -> Sign:
    numbers = {name: _number(_of_kind(key, "RSA")[name]) for name in ("n", "e", "d")}
    if all(name in key for name in ("p", "q")):
        p, q = _number(key["p"]), _number(key["q"])
    else:
        p, q = rsa.rsa_recover_prime_factors(numbers["n"], numbers["e"], numbers["d"])
    private = rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=numbers["d"],
        dmp1=rsa.rsa_crt_dmp1(numbers["d"], p),
        dmq1=rsa.rsa_crt_dmq1(numbers["d"], q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(numbers["e"], numbers["n"]),
    ).private_key()
    if private.key_size < RSA_BITS_MIN:
        raise ValueError("short")
    if kind == "RS":
        return lambda signed: private.sign(signed, padding.PKCS1v15(), digest)
    pss = padding.PSS(padding.MGF1(digest), salt_length=padding.PSS.DIGEST_LENGTH)
    return lambda signed: private.sign(signed, pss, digest)


def _ecdsa(algorithm: str, key: Mapping[str, Any]) -> Sign:
    name, curve, width = CURVES[algorithm]
    if _of_kind(key, "EC")["crv"] != name:
        raise ValueError("curve")
    public = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), curve)
    private = ec.EllipticCurvePrivateNumbers(_number(key["d"]), public).private_key()
    digest = HASHES[algorithm[2:]]()

    def sign(signed: bytes) -> bytes:
        # JOSE wants both numbers side by side, not ASN.1.
        r, s = decode_dss_signature(private.sign(signed, ec.ECDSA(digest)))
        return r.to_bytes(width, "big") + s.to_bytes(width, "big")

    return sign


def _eddsa(key: Mapping[str, Any]) -> Sign:
    if _of_kind(key, "OKP")["crv"] != "Ed25519":
        raise ValueError("curve")
    return Ed25519PrivateKey.from_private_bytes(_bytes(key["d"])).sign


def _of_kind(key: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    if key.get("kty") != kind:
        raise ValueError("kty")
    return key


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
