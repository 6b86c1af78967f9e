"""The token in a logout link. It is derived from the session's own token, so nothing of it is stored anywhere."""

import hashlib
import hmac

from doorward.ids import ALPHANUMERIC
from doorward.security.tokens import is_equal

PREFIX, LENGTH = "ory_lo_", 32
PURPOSE = b"doorward logout token"


def logout_token(session_token: str) -> str:
    """`ory_lo_` and 32 letters and digits: always the same for a session; nobody can go back to the session's token."""
    # Not as the key: a key is filled up with zeros, and two that differ in zeros at the end would be one.
    secret = session_token.encode("utf-8", "surrogatepass")
    number = int.from_bytes(hmac.new(PURPOSE, secret, hashlib.sha256).digest(), "big")
    chosen: list[str] = []
    for _ in range(LENGTH):
        number, index = divmod(number, len(ALPHANUMERIC))
        chosen.append(ALPHANUMERIC[index])
    return PREFIX + "".join(chosen)


def is_logout_token(given: str, session_token: str) -> bool:
    """Whether a link belongs to this session: another's link must not sign anybody out."""
    return is_equal(given, logout_token(session_token))
