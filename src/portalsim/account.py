"""The portal's own facts, what a token may do, and how much of the quota is used."""

from datetime import datetime, timedelta
from typing import Any

from portalsim import problems
from portalsim.call import Answer, Call, Operation
from portalsim.clock import iso
from portalsim.contacts import records
from portalsim.portal import Portal
from portalsim.tokens import Token


def details(portal: Portal, call: Call) -> Answer:
    account = portal.account
    offset = portal.clock.now().astimezone(portal.limits.zone).utcoffset() or timedelta()
    seconds = int(offset.total_seconds())
    sign = "-" if seconds < 0 else "+"
    return Answer(
        200,
        {
            "portalId": account.portal_id,
            "accountType": account.account_type,
            "timeZone": account.time_zone,
            "companyCurrency": "USD",
            "additionalCurrencies": [],
            "utcOffset": f"{sign}{abs(seconds) // 3600:02d}:{abs(seconds) % 3600 // 60:02d}",
            "utcOffsetMilliseconds": seconds * 1000,
            "uiDomain": account.ui_domain,
            "dataHostingLocation": account.hosting,
        },
    )


def usage(portal: Portal, call: Call) -> Answer:
    """Calls of all private apps and keys together since the portal's midnight."""
    now = portal.clock.now()
    line = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": portal.limits.plan.daily or 0,
        "currentUsage": portal.limits.used_today(now),
        "collectedAt": iso(now),
        "fetchStatus": "SUCCESS",
        "resetsAt": iso(_next_midnight(portal, now)),
    }
    return Answer(200, {"results": [line]})


def private_token_info(portal: Portal, call: Call) -> Answer:
    """`{tokenKey}` → whose token it is. Whether service keys are answered is a switch."""
    token = portal.tokens.find(str(call.object().get("tokenKey", "")))
    is_hidden = token is not None and (token.kind == "service_key" and portal.switches["service_key_info"] == "refused")
    if token is None or token.is_revoked or is_hidden:
        raise problems.not_found()
    return Answer(
        200,
        {
            "userId": 1,
            "hubId": portal.account.portal_id,
            "appId": token.app_id,
            "scopes": list(token.scopes),
        },
    )


def oauth_token_info(portal: Portal, call: Call) -> Answer:
    token = portal.tokens.find(call.params["token"])
    if token is None or token.is_revoked or token.kind != "oauth":
        raise problems.not_found()
    return Answer(200, {"token": token.value, **_oauth_facts(portal, token)})


def custom_property_limits(portal: Portal, call: Call) -> Answer:
    used = sum(1 for each in portal.catalogue.live.values() if not each.is_standard)
    line = {"objectTypeId": "0-1", "usage": used, "limit": 1000, "percentage": used / 10}
    return Answer(200, {"byObjectType": [line], "overallLimit": 1000, "overallUsage": used})


def record_limits(portal: Portal, call: Call) -> Answer:
    used = records.count(portal.database)
    return Answer(200, {"hubspotDefinedObjectTypes": [{"objectTypeId": "0-1", "usage": used, "limit": 15_000_000}]})


def _oauth_facts(portal: Portal, token: Token) -> dict[str, Any]:
    left_ms = (token.expires_ms or 0) - portal.clock.now_ms()
    return {
        "user": "owner@portalsim.invalid",
        "hub_domain": "portalsim.invalid",
        "scopes": list(token.scopes),
        "hub_id": portal.account.portal_id,
        "app_id": token.app_id,
        "expires_in": max(0, left_ms // 1000),
        "user_id": 1,
        "token_type": "access",
    }


def _next_midnight(portal: Portal, now: datetime) -> datetime:
    local = now.astimezone(portal.limits.zone)
    return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def _account_paths(rest: str) -> tuple[str, ...]:
    return (f"/account-info/v3{rest}", f"/account-info/{{version}}{rest}")


OPERATIONS = (
    Operation("GET", _account_paths("/details"), details, "read"),
    Operation("GET", _account_paths("/api-usage/daily/private-apps"), usage, "read"),
    Operation("GET", _account_paths("/api-usage/daily"), usage, "read"),
    Operation("POST", ("/oauth/v2/private-apps/get/access-token-info",), private_token_info, "free"),
    Operation("GET", ("/oauth/v1/access-tokens/{token}",), oauth_token_info, "free"),
    Operation(
        "GET",
        ("/crm/v3/limits/custom-properties", "/crm/limits/{version}/custom-properties"),
        custom_property_limits,
        "read",
    ),
    Operation("GET", ("/crm/v3/limits/records", "/crm/limits/{version}/records"), record_limits, "read"),
)
