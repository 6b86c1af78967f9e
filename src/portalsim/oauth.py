"""OAuth tokens by refresh token: what a client does each half hour. The first grant is made by the control API."""

from dataclasses import replace
from urllib.parse import parse_qs

from portalsim import problems
from portalsim.call import Answer, Call, Operation
from portalsim.happenings import new_token_value
from portalsim.portal import Portal

LIFETIME_S = 1800


def refresh(portal: Portal, call: Call) -> Answer:
    """`grant_type=refresh_token`, form-encoded. Errors: BAD_GRANT_TYPE, BAD_REFRESH_TOKEN."""
    form = {name: values[-1] for name, values in parse_qs(call.raw.decode("latin-1")).items()}
    if form.get("grant_type") != "refresh_token":
        raise problems.problem(400, "only refresh_token grants are simulated", "BAD_GRANT_TYPE")
    token = portal.tokens.find_by_refresh(form.get("refresh_token", ""))
    if token is None or token.is_revoked:
        raise problems.problem(400, "missing or invalid refresh token", "BAD_REFRESH_TOKEN")
    now_ms = portal.clock.now_ms()
    value = new_token_value(portal, "oauth")
    portal.tokens.put(replace(token, refresh_value=""))
    portal.tokens.put(replace(token, value=value, created_ms=now_ms, expires_ms=now_ms + LIFETIME_S * 1000))
    return Answer(
        200,
        {
            "access_token": value,
            "refresh_token": token.refresh_value,
            "expires_in": LIFETIME_S,
            "token_type": "bearer",
            "hub_id": portal.account.portal_id,
            "scopes": list(token.scopes),
        },
    )


OPERATIONS = (Operation("POST", ("/oauth/v1/token", "/oauth/v3/token", "/oauth/{version}/token"), refresh, "free"),)
