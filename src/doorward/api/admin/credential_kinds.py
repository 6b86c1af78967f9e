"""`include_credential`: the types of credentials whose config an administrator asks to see."""

from starlette.requests import Request

from doorward.errors import InvalidInput

KINDS = (
    "password",
    "oidc",
    "totp",
    "lookup_secret",
    "webauthn",
    "code",
    "passkey",
    "saml",
    "link_recovery",
    "code_recovery",
    "deviceauthn",
)


def read_reveal(request: Request) -> frozenset[str]:
    """Raises InvalidInput for what is no type of a credential."""
    asked = request.query_params.getlist("include_credential")
    for kind in asked:
        if kind not in KINDS:
            raise InvalidInput(f"{kind!r} is no type of a credential; there are: {', '.join(KINDS)}.")
    return frozenset(asked)
