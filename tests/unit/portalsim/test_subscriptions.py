"""Communication preferences: by e-mail, before there is a contact, and out means out for v3."""

from typing import Any

import pytest

from portal_client import Client

V3, V4 = "/communication-preferences/v3", "/communication-preferences/v4"


def write(api: Client, state: str, **more: Any) -> Any:
    body = {"subscriptionId": 1, "statusState": state, "channel": "EMAIL", **more}
    return api.post(f"{V4}/statuses/a@example.org", body)


def test_a_status_exists_before_the_contact(api: Client) -> None:
    got = write(api, "SUBSCRIBED", legalBasis="CONSENT_WITH_NOTICE", legalBasisExplanation="ticked the box")
    assert (got.status, got.body["setStatusSuccessReason"]) == (200, "REQUESTED_CHANGE_OCCURRED")
    shown = api.get(f"{V4}/statuses/A@example.org?channel=EMAIL").body["results"]
    assert shown[0]["status"] == "SUBSCRIBED"
    assert shown[0]["legalBasisExplanation"] == "ticked the box"
    assert {each["status"] for each in shown[1:]} == {"NOT_SPECIFIED"}


def test_reasons(api: Client) -> None:
    write(api, "SUBSCRIBED")
    assert write(api, "SUBSCRIBED").body["setStatusSuccessReason"] == "NO_STATUS_CHANGE"
    write(api, "UNSUBSCRIBED")
    assert write(api, "SUBSCRIBED").body["setStatusSuccessReason"] == "RESUBSCRIBE_OCCURRED"


def test_v3_cannot_bring_back_who_opted_out(api: Client) -> None:
    body = {"emailAddress": "a@example.org", "subscriptionId": "1", "legalBasis": "CONSENT_WITH_NOTICE"}
    assert api.post(f"{V3}/subscribe", body).body["status"] == "SUBSCRIBED"
    assert api.post(f"{V3}/unsubscribe", body).body["status"] == "NOT_SUBSCRIBED"
    assert api.post(f"{V3}/subscribe", body).status == 400
    statuses = api.get(f"{V3}/status/email/a@example.org").body["subscriptionStatuses"]
    assert statuses[0]["status"] == "NOT_SUBSCRIBED"


def test_out_of_everything(api: Client) -> None:
    write(api, "SUBSCRIBED")
    got = api.post(f"{V4}/statuses/a@example.org/unsubscribe-all?channel=EMAIL")
    assert {each["status"] for each in got.body["results"]} == {"UNSUBSCRIBED"}


def test_batches_need_their_own_scope(api: Client) -> None:
    inputs = [
        {"subscriberIdString": "a@example.org", "subscriptionId": 1, "statusState": "SUBSCRIBED", "channel": "EMAIL"},
        {"subscriberIdString": "b@example.org", "subscriptionId": 99, "statusState": "SUBSCRIBED", "channel": "EMAIL"},
    ]
    got = api.post(f"{V4}/statuses/batch/write", {"inputs": inputs})
    assert (got.status, len(got.body["results"]), got.body["numErrors"]) == (207, 1, 1)
    read = api.post(f"{V4}/statuses/batch/read?channel=EMAIL", {"inputs": ["a@example.org"]}).body["results"]
    assert read[0]["statuses"][0]["status"] == "SUBSCRIBED"
    api.token = api.post("/_sim/tokens", {"scopes": ["communication_preferences.read_write"]}).body["value"]
    assert api.post(f"{V4}/statuses/batch/write", {"inputs": inputs}).status == 403
    assert write(api, "UNSUBSCRIBED").status == 200


@pytest.mark.parametrize(
    "wrong", [{"channel": "SMS"}, {"subscriptionId": "1"}, {"statusState": "MAYBE"}, {"legalBasis": "BECAUSE"}]
)
def test_what_is_no_status_is_400(api: Client, wrong: dict[str, Any]) -> None:
    assert write(api, "SUBSCRIBED", **wrong).status == 400


@pytest.mark.parametrize("version", ["v4", "2026-03", "2026-09"])
def test_definitions(api: Client, version: str) -> None:
    assert len(api.get(f"/communication-preferences/{version}/definitions").body["results"]) == 3
    assert len(api.get(f"{V3}/definitions").body["subscriptionDefinitions"]) == 3
