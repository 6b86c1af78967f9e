"""Time-based one-time passwords (RFC 6238) and the address that hands a secret to an authenticator app.

https://github.com/google/google-authenticator/wiki/Key-Uri-Format
"""

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, quote, urlencode, urlsplit

SECRET_BYTES = 20
SKEW = 1
"""Periods before and after the present one that still count: clocks differ, and typing takes time."""

DIGESTS = {"SHA1": "sha1", "SHA256": "sha256", "SHA512": "sha512"}


@dataclass(frozen=True, slots=True)
class Totp:
    """What an app and we share."""

    key: bytes = field(repr=False)
    digest: str = "sha1"
    digits: int = 6
    period_s: int = 30

    def code(self, step: int) -> str:
        """The code of one period (RFC 4226 5.3)."""
        mac = hmac.new(self.key, step.to_bytes(8, "big"), self.digest).digest()
        start = mac[-1] & 15
        number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
        return str(number % 10**self.digits).zfill(self.digits)

    def find_step(self, code: str, now: datetime) -> int | None:
        """The period that a code belongs to, None where it is wrong. Takes the same time whichever fits."""
        present = int(now.timestamp()) // self.period_s
        given = code.strip().encode("utf-8", "surrogatepass")
        steps = range(max(0, present - SKEW), present + SKEW + 1)
        fitting = [step for step in steps if hmac.compare_digest(self.code(step).encode(), given)]
        return fitting[-1] if fitting else None


def new_secret() -> str:
    """160 random bits in base32, as RFC 4226 recommends."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def totp_url(secret: str, issuer: str, account: str) -> str:
    """`otpauth://totp/ISSUER:ACCOUNT?…` with everything that an app needs."""
    values = {"algorithm": "SHA1", "digits": "6", "issuer": issuer, "period": "30", "secret": secret}
    return f"otpauth://totp/{quote(issuer, safe='')}:{quote(account, safe='@')}?{urlencode(values, quote_via=quote)}"


def secret_of(url: str) -> str:
    """The secret in an address, "" where there is none."""
    return parse_qs(urlsplit(url).query).get("secret", [""])[0]


def read_totp(url: str) -> Totp | None:
    """The inverse of `totp_url`; None for an address that no code can ever fit (imports are not checked)."""
    try:
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        secret = query.get("secret", "").replace(" ", "").upper().rstrip("=")
        key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        digits, period_s = int(query.get("digits", "6")), int(query.get("period", "30"))
    except (ValueError, binascii.Error):
        return None
    digest = DIGESTS.get(query.get("algorithm", "SHA1").upper())
    if not key or digest is None or not 6 <= digits <= 8 or not 10 <= period_s <= 300:
        return None
    return Totp(key, digest, digits, period_s)
