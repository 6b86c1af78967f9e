"""Bodies and headers of refusals, tokens, limits and search. A test for each line of the checklist."""

from typing import Any

import pytest

from portal_client import CONTACTS, Client, key
from portalsim.portal import Portal


def test_a_taken_email_is_409_with_the_id_in_the_text(api: Client) -> None:
    contact_id = api.create(email="a@example.org")
    got = api.post(CONTACTS, {"properties": {"email": "a@example.org"}})
    correlation = got.body.pop("correlationId")
    assert got.status == 409
    assert got.body == {
        "status": "error",
        "message": f"Contact already exists. Existing ID: {contact_id}",
        "category": "CONFLICT",
    }
    assert correlation == got.headers["x-hubspot-correlation-id"] == got.headers["x-request-id"]


def test_the_older_body_of_409_is_a_switch(api: Client, portal: Portal) -> None:
    portal.flip("conflict_body", "legacy")
    contact_id = api.create(email="a@example.org")
    got = api.post(CONTACTS, {"properties": {"email": "a@example.org"}}).body
    assert (got["category"], got["error"]) == ("OBJECT_ALREADY_EXISTS", "CONTACT_EXISTS")
    assert got["identityProfile"]["vid"] == int(contact_id)
    assert got["errors"][0]["in"] == "email"


@pytest.mark.parametrize(
    ("name", "value", "code", "message"),
    [
        ("nope", "1", "PROPERTY_DOESNT_EXIST", 'Property "nope" does not exist'),
        ("email", "x@y.con", "INVALID_EMAIL", "Email address x@y.con is invalid"),
        ("num_notes_wanted", "1,000", "INVALID_LONG", "1,000 was not a valid long."),
        ("agrees", "maybe", "INVALID_BOOLEAN_OPTION", None),
        ("lifecyclestage", "fan", "INVALID_OPTION", None),
        ("closedate", "soon", "INVALID_DATE", None),
        ("born", "2020-01-01T10:00:00Z", "INVALID_DATE", None),
    ],
)
def test_validation_bodies_are_encoded_twice(
    api: Client, name: str, value: str, code: str, message: str | None
) -> None:
    for more in (
        {"name": "num_notes_wanted", "type": "number", "fieldType": "number"},
        {"name": "born", "type": "date", "fieldType": "date"},
        {
            "name": "agrees",
            "type": "bool",
            "fieldType": "booleancheckbox",
            "options": [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}],
        },
    ):
        body = {"label": "x", "groupName": "contactinformation", **more}
        assert api.post("/crm/v3/properties/contacts", body).status == 201
    got = api.post(CONTACTS, {"properties": {"firstname": "Ada", name: value}})
    assert (got.status, got.body["category"]) == (400, "VALIDATION_ERROR")
    assert got.inner[0] == {
        "isValid": False,
        "message": message or got.inner[0]["message"],
        "error": code,
        "name": name,
        "localizedErrorMessage": got.inner[0]["message"],
        "portalId": 62515000,
    }
    assert got.body["errors"][0]["code"] == code
    assert got.body["errors"][0]["context"] == {"propertyName": [name]}


def test_a_bad_option_lists_the_right_ones(api: Client) -> None:
    got = api.post(CONTACTS, {"properties": {"firstname": "Ada", "lifecyclestage": "fan"}})
    assert got.inner[0]["message"].startswith(
        'fan was not one of the allowed options: [label: "Subscriber"\nvalue: "subscriber"\n'
    )


@pytest.mark.parametrize(("switch", "shown"), [("on", 3), ("off", 4)])
def test_the_error_list_holds_three_at_most(api: Client, portal: Portal, switch: str, shown: int) -> None:
    portal.flip("errors_capped_at_3", switch)
    got = api.post(CONTACTS, {"properties": {"a1": "1", "a2": "1", "a3": "1", "a4": "1"}})
    assert len(got.inner) == 4
    assert len(got.body["errors"]) == shown


def test_404_has_three_shapes(api: Client) -> None:
    assert "category" not in api.get(f"{CONTACTS}/1").body
    assert api.get(f"{CONTACTS}/1").body["message"] == "resource not found"
    assert api.get(f"{CONTACTS}/nobody@example.org?idProperty=email").body["message"] == "resource not found"
    odd = api.get(f"{CONTACTS}/abc").body
    assert odd["message"] == "Object not found.  objectId are usually numeric."
    assert (odd["category"], odd["context"]) == ("OBJECT_NOT_FOUND", {"id": ["abc"]})
    assert api.get("/crm/v3/properties/contacts/nope").body["category"] == "OBJECT_NOT_FOUND"


def test_401_has_two_shapes(api: Client, portal: Portal) -> None:
    api.token = "pat-na1-nobody"
    got = api.get(CONTACTS)
    assert (got.status, got.body["category"]) == (401, "INVALID_AUTHENTICATION")
    assert got.body["message"].startswith("Authentication credentials not found. This API supports OAuth 2.0")
    made = api.post("/_sim/tokens", {"kind": "oauth"}).body
    api.token = made["value"]
    assert api.get(CONTACTS).status == 200
    portal.clock.advance(1807)
    got = api.get(CONTACTS)
    assert (got.status, got.body["category"]) == (401, "EXPIRED_AUTHENTICATION")
    assert got.body["message"] == "The OAuth token used to make this call expired 7 second(s) ago."


def test_403_names_the_scope(api: Client) -> None:
    api.token = api.post("/_sim/tokens", {"scopes": ["crm.objects.contacts.read"]}).body["value"]
    assert api.get(CONTACTS).status == 200
    got = api.post(CONTACTS, {"properties": {"email": "a@example.org"}})
    assert (got.status, got.body["category"]) == (403, "MISSING_SCOPES")
    assert got.body["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.contacts.write"]
    assert got.body["links"] == {"scopes": "https://developers.hubspot.com/scopes"}
    assert api.post("/crm/v3/properties/contacts", {}).status == 403


def test_a_revoked_token_is_nobodys_and_a_rotated_one_lives_for_days(api: Client, portal: Portal) -> None:
    made = api.post("/_sim/tokens", {"name": "mine"}).body
    old = made["value"]
    new = api.post(f"/_sim/tokens/{made['id']}/rotate", {"days": 7}).body["value"]
    for value, days, status in ((old, 6, 200), (new, 6, 200), (old, 2, 401), (new, 2, 200)):
        portal.clock.advance(0 if value == new else days * 86_400)
        api.token = value
        assert api.get(CONTACTS).status == status
    api.post("/_sim/tokens/mine/revoke")
    api.token = new
    assert {each["revoked"] for each in api.get("/_sim/tokens").body["tokens"] if each["name"] == "mine"} == {
        True,
        False,
    }


@pytest.mark.parametrize("raw", [b"{", b'{"properties": {"email": }}', b"[1]", b"null", b"", b'"text"'])
def test_broken_json_is_400_without_a_category(api: Client, raw: bytes) -> None:
    got = api.post(CONTACTS, raw)
    assert got.status == 400
    assert got.body["message"].startswith("Invalid input JSON on line 1, column ")
    assert "category" not in got.body


def test_an_unknown_object_type_is_400(api: Client) -> None:
    got = api.get("/crm/v3/objects/butterflies")
    assert (got.status, got.body["message"]) == (400, "Unable to infer object type from: butterflies")


@pytest.mark.parametrize("path", ["/crm/v3/objects/0-1", "/crm/objects/2026-03/0-1", "/crm/objects/2026-09/contacts"])
def test_contacts_have_several_addresses(api: Client, path: str) -> None:
    assert api.post(path, {"properties": {"email": "a@example.org"}}).status == 201


@pytest.mark.parametrize("path", ["/crm/objects/2024-01/contacts", "/crm/v3/imports", "/nowhere"])
def test_what_is_not_simulated_is_404_and_said_in_the_log(api: Client, path: str) -> None:
    assert api.get(path).status == 404
    assert api.get("/_sim/requests").body["requests"][0]["note"] == "not simulated"


def test_a_201_says_where(api: Client) -> None:
    got = api.post(CONTACTS, {"properties": {"email": "a@example.org"}})
    assert got.headers["location"].endswith(f"/record/0-1/{got.body['id']}")
    assert got.headers["content-type"] == "application/json;charset=utf-8"


@pytest.mark.parametrize(
    ("plan", "burst", "daily"),
    [("free", 100, 250_000), ("pro", 190, 625_000), ("enterprise", 190, 1_000_000), ("addon", 250, 2_000_000)],
)
def test_limits_by_plan_and_their_headers(api: Client, plan: str, burst: int, daily: int) -> None:
    api.post("/_sim/plan", {"name": plan})
    got = api.get(CONTACTS)
    assert got.headers["x-hubspot-ratelimit-max"] == str(burst)
    assert got.headers["x-hubspot-ratelimit-remaining"] == str(burst - 1)
    assert got.headers["x-hubspot-ratelimit-interval-milliseconds"] == "10000"
    assert got.headers["x-hubspot-ratelimit-daily"] == str(daily)
    assert got.headers["x-hubspot-ratelimit-daily-remaining"] == str(daily - 1)


def test_the_window_slides_and_a_refused_call_writes_nothing(api: Client, portal: Portal) -> None:
    api.post("/_sim/plan", {"name": "free"})
    for _ in range(50):
        assert api.get(CONTACTS).status == 200
    portal.clock.advance(6)
    for _ in range(50):
        assert api.get(CONTACTS).status == 200
    got = api.post(CONTACTS, {"properties": {"email": "a@example.org"}})
    assert got.status == 429
    assert got.body["message"] == "You have reached your ten_secondly_rolling limit."
    assert (got.body["errorType"], got.body["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
    assert "retry-after" not in got.headers
    assert api.get("/_sim/counters").body["contacts"] == 0
    portal.clock.advance(4.001)
    assert api.post(CONTACTS, {"properties": {"email": "a@example.org"}}).status == 201
    assert api.get(CONTACTS).headers["x-hubspot-ratelimit-remaining"] == str(100 - 52)


def test_a_plan_of_ones_own(api: Client) -> None:
    assert api.post("/_sim/plan", {"name": "custom", "burst": 2, "daily": None}).status == 200
    assert [api.get(CONTACTS).status for _ in range(3)] == [200, 200, 429]
    api.post("/_sim/plan", {"name": "custom", "burst": None, "daily": 3})
    assert [api.get(CONTACTS).status for _ in range(4)] == [200, 200, 200, 429]
    for wrong in ({"burst": 0}, {"burst": "many"}, {"daily": -1}, {"burst": 1.5}):
        assert api.post("/_sim/plan", {"name": "custom", **wrong}).status == 400


def test_each_app_has_its_own_window(api: Client) -> None:
    api.post("/_sim/plan", {"name": "free"})
    other = api.post("/_sim/tokens", {"name": "other"}).body["value"]
    while api.get(CONTACTS).status == 200:
        continue
    api.token = other
    assert api.get(CONTACTS).status == 200


def test_oauth_apps_have_110_calls_and_no_daily_headers(api: Client) -> None:
    api.post("/_sim/plan", {"name": "pro"})
    api.token = api.post("/_sim/tokens", {"kind": "oauth"}).body["value"]
    got = api.get(CONTACTS)
    assert got.headers["x-hubspot-ratelimit-max"] == "110"
    assert "x-hubspot-ratelimit-daily" not in got.headers


def test_the_day_ends_at_midnight_of_the_portal(api: Client, portal: Portal) -> None:
    api.post("/_sim/plan", {"name": "free"})
    api.post("/_sim/clock", {"set": "2026-05-01T23:59:50+00:00"})
    api.post("/_sim/happenings", {"action": "exhaust_day"})
    got = api.get(CONTACTS)
    assert (got.status, got.body["policyName"], got.body["message"]) == (
        429,
        "DAILY",
        "You have reached your daily limit.",
    )
    assert got.body["requestId"]
    portal.clock.advance(11)
    assert api.get(CONTACTS).status == 200


@pytest.mark.parametrize(("choice", "used"), [("daily", 111), ("no", 100), ("both", 111)])
def test_whether_refused_calls_count_is_a_switch(api: Client, portal: Portal, choice: str, used: int) -> None:
    portal.flip("rejected_calls_count", choice)
    api.post("/_sim/plan", {"name": "free"})
    for _ in range(111):
        api.get(CONTACTS)
    assert api.get("/_sim/counters").body["used_today"] == used
    portal.clock.advance(9)
    portal.clock.advance(1.001)
    assert api.get(CONTACTS).status == 200


def test_retry_after_and_rate_headers_are_switches(api: Client, portal: Portal) -> None:
    api.post("/_sim/plan", {"name": "free"})
    portal.flip("retry_after_on_429", "on")
    portal.flip("rate_headers", "off")
    got = api.get(CONTACTS)
    assert not [name for name in got.headers if "ratelimit" in name]
    while got.status == 200:
        got = api.get(CONTACTS)
    assert got.headers["Retry-After"] == "10"


def search(api: Client, *filters: dict[str, Any], **more: Any) -> Any:
    return api.post(f"{CONTACTS}/search", {"filterGroups": [{"filters": list(filters)}] if filters else [], **more})


def test_search_lags_and_shows_the_past_until_then(api: Client, portal: Portal) -> None:
    contact_id = api.create(email="a@example.org", city="Bern")
    by_city = {"propertyName": "city", "operator": "EQ"}
    assert search(api).body["total"] == 0
    portal.clock.advance(2.001)
    assert search(api, {**by_city, "value": "bern"}).body["total"] == 1
    api("PATCH", f"{CONTACTS}/{contact_id}", {"properties": {"city": "Basel"}})
    assert search(api, {**by_city, "value": "Bern"}).body["total"] == 1
    assert search(api, {**by_city, "value": "Basel"}).body["total"] == 0
    portal.clock.advance(2.001)
    assert search(api, {**by_city, "value": "Basel"}).body["total"] == 1


def test_search_leaves_out_what_is_archived(api: Client, portal: Portal) -> None:
    portal.flip("search_lag_ms", "0")
    contact_id = api.create(email="a@example.org")
    assert search(api).body["total"] == 1
    api("DELETE", f"{CONTACTS}/{contact_id}")
    assert search(api).body["total"] == 0


def test_search_has_no_rate_headers_and_five_calls_a_second(api: Client, portal: Portal) -> None:
    api.post("/_sim/plan", {"name": "free"})
    for _ in range(5):
        got = search(api)
        assert got.status == 200
        assert not [name for name in got.headers if "ratelimit" in name]
    got = search(api)
    assert (got.status, got.body["policyName"], got.body["message"]) == (
        429,
        "SECONDLY",
        "You have reached your secondly limit.",
    )
    portal.clock.advance(1.001)
    assert search(api).status == 200


def test_search_ends_at_the_ten_thousandth(api: Client) -> None:
    assert search(api, limit=100, after="9900").status == 200
    assert search(api, limit=100, after="9901").status == 400
    assert search(api, limit=201).status == 400


def test_search_caps_its_filters(api: Client) -> None:
    one = {"propertyName": "city", "operator": "HAS_PROPERTY"}
    assert search(api, *[one] * 6).status == 200
    assert search(api, *[one] * 7).status == 400
    groups = [{"filters": [one] * 4}] * 5
    assert api.post(f"{CONTACTS}/search", {"filterGroups": groups}).status == 400
    assert api.post(f"{CONTACTS}/search", {"filterGroups": groups[:4]}).status == 200
    assert search(api, query="x" * 3001).status == 400


def test_values_of_in_must_be_in_lower_case(api: Client, portal: Portal) -> None:
    portal.flip("search_lag_ms", "0")
    api.create(email="a@example.org", city="Bern")
    assert search(api, {"propertyName": "city", "operator": "IN", "values": ["bern", "genf"]}).body["total"] == 1
    assert search(api, {"propertyName": "city", "operator": "IN", "values": ["Bern", "genf"]}).body["total"] == 0


def test_search_goes_past_its_wall_by_the_record_id(api: Client, portal: Portal) -> None:
    portal.flip("search_lag_ms", "0")
    ids = [api.create(email=f"p{number}@example.org") for number in range(7)]
    seen: list[str] = []
    last = "0"
    while True:
        found = search(
            api,
            {"propertyName": "hs_object_id", "operator": "GT", "value": last},
            sorts=[{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            limit=3,
        ).body["results"]
        if not found:
            break
        seen += [each["id"] for each in found]
        last = seen[-1]
    assert seen == ids


def test_an_upsert_by_an_own_key_is_known_to_search(api: Client, portal: Portal) -> None:
    portal.flip("search_lag_ms", "0")
    name = api.unique()
    api.upsert(key(name, "AbC-1", "1", email="a@example.org"))
    assert search(api, {"propertyName": name, "operator": "EQ", "value": "AbC-1"}).body["total"] == 1
