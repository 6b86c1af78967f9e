"""HubSpot's own Python client, unmodified, against a simulator that runs as a process: contacts by its typed API, the
rest by its `api_request`. And what faults do to a real connection."""

import re
import urllib.error
from typing import Any
from urllib.request import urlopen

import pytest
import requests
from hubspot import Client
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputForCreate,
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchInputSimplePublicObjectId,
    BatchReadInputSimplePublicObjectId,
    Filter,
    FilterGroup,
    PublicGdprDeleteInput,
    PublicMergeInput,
    PublicObjectSearchRequest,
    SimplePublicObjectBatchInput,
    SimplePublicObjectBatchInputForCreate,
    SimplePublicObjectBatchInputUpsert,
    SimplePublicObjectId,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.contacts.exceptions import ApiException
from hubspot.crm.properties import PropertyCreate

from running import TOKEN, Simulator, request, running, until

pytestmark = pytest.mark.slow

PROPERTIES = "/crm/v3/properties/contacts"


@pytest.fixture
def client(simulator: Simulator) -> Any:
    return Client.create(access_token=TOKEN, host=simulator.url, base_url=simulator.url)


def sim(simulator: Simulator, path: str, body: Any = None) -> Any:
    answer = request("GET" if body is None else "POST", f"{simulator.url}/_sim{path}", body)
    assert answer.status < 300, answer
    return answer.body


def call(client: Any, method: str, path: str, body: Any = None, **query: str) -> Any:
    """The client's untyped call; the parsed body of a success."""
    options: dict[str, Any] = {"method": method, "path": path}
    if body is not None:
        options["body"] = body
    if query:
        options["qs"] = query
    answer = client.api_request(options)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def make(client: Any, **properties: str) -> str:
    made = client.crm.contacts.basic_api.create(SimplePublicObjectInputForCreate(properties=properties))
    return str(made.id)


def make_unique(client: Any) -> None:
    definition = PropertyCreate(
        name="own_id",
        label="Own id",
        type="string",
        field_type="text",
        group_name="contactinformation",
        has_unique_value=True,
    )
    assert client.crm.properties.core_api.create("contacts", definition).has_unique_value is True


def test_one_contact_from_creation_to_archive(client: Any) -> None:
    contacts = client.crm.contacts.basic_api
    contact_id = make(client, email="Ada@example.org", firstname="Ada")
    read = contacts.get_by_id(contact_id, properties=["email", "city"], properties_with_history=["firstname"])
    assert (read.properties["email"], read.properties["city"]) == ("ada@example.org", None)
    assert read.properties_with_history["firstname"][0].value == "Ada"
    assert read.created_at.tzinfo is not None
    changed = contacts.update("ada@example.org", SimplePublicObjectInput({"city": "London"}), id_property="email")
    assert changed.properties["city"] == "London"
    contacts.archive(contact_id)
    with pytest.raises(ApiException) as gone:
        contacts.get_by_id(contact_id)
    assert gone.value.status == 404


def test_a_conflict_carries_the_existing_id_in_its_text(client: Any) -> None:
    contact_id = make(client, email="ada@example.org")
    with pytest.raises(ApiException) as refused:
        make(client, email="ADA@example.org")
    assert refused.value.status == 409
    found = re.search(r"Existing ID:\s*(\d+)", refused.value.body)
    assert found is not None
    assert found.group(1) == contact_id


def test_all_contacts_are_paged(client: Any) -> None:
    ids = [make(client, email=f"p{number}@example.org") for number in range(120)]
    assert [each.id for each in client.crm.contacts.get_all()] == ids


def test_batches_of_every_kind(client: Any) -> None:
    batch = client.crm.contacts.batch_api
    created = batch.create(
        BatchInputSimplePublicObjectBatchInputForCreate(
            inputs=[
                SimplePublicObjectBatchInputForCreate(
                    properties={"email": f"p{number}@example.org"}, object_write_trace_id=str(number)
                )
                for number in range(3)
            ]
        )
    )
    ids = [each.id for each in created.results]
    assert (created.status, len(ids)) == ("COMPLETE", 3)
    updated = batch.update(
        BatchInputSimplePublicObjectBatchInput(
            inputs=[SimplePublicObjectBatchInput(id=each, properties={"city": "Bern"}) for each in ids]
        )
    )
    assert {each.properties["city"] for each in updated.results} == {"Bern"}
    read = batch.read(
        BatchReadInputSimplePublicObjectId(
            inputs=[SimplePublicObjectId(id=f"p{number}@example.org") for number in range(3)],
            id_property="email",
            properties=["city"],
            properties_with_history=[],
        )
    )
    assert {each.id for each in read.results} == set(ids)
    batch.archive(BatchInputSimplePublicObjectId(inputs=[SimplePublicObjectId(id=each) for each in ids]))
    assert client.crm.contacts.basic_api.get_page().results == []


def test_an_upsert_says_what_is_new_and_what_failed(client: Any) -> None:
    make_unique(client)
    make(client, email="form@example.org")

    def upsert(*people: tuple[str, str]) -> Any:
        return client.crm.contacts.batch_api.upsert(
            BatchInputSimplePublicObjectBatchInputUpsert(
                inputs=[
                    SimplePublicObjectBatchInputUpsert(
                        id=own_id, id_property="own_id", properties={"email": email}, object_write_trace_id=own_id
                    )
                    for own_id, email in people
                ]
            )
        )

    first = upsert(("1", "a@example.org"), ("2", "b@example.org"))
    assert [each.new for each in first.results] == [True, True]
    mixed = upsert(("1", "a@example.org"), ("3", "form@example.org"))
    assert [each.new for each in mixed.results] == [False]
    assert mixed.num_errors == 1
    assert mixed.errors[0].category == "CONFLICT"
    assert mixed.errors[0].context["objectWriteTraceId"] == ["3"]


def test_search_finds_what_was_written_after_the_lag(client: Any, simulator: Simulator) -> None:
    contact_id = make(client, email="ada@example.org", city="London")
    ask = PublicObjectSearchRequest(
        filter_groups=[FilterGroup(filters=[Filter(property_name="city", operator="EQ", value="London")])],
        properties=["city"],
        limit=10,
    )
    assert client.crm.contacts.search_api.do_search(ask).total == 0
    sim(simulator, "/clock", {"advance_s": 3})
    assert [each.id for each in client.crm.contacts.search_api.do_search(ask).results] == [contact_id]


def test_merge_and_erasure(client: Any) -> None:
    contacts = client.crm.contacts.basic_api
    first, second = make(client, email="a@example.org"), make(client, email="b@example.org")
    merged = contacts.merge(PublicMergeInput(primary_object_id=first, object_id_to_merge=second))
    assert contacts.get_by_id(second).id == merged.id
    contacts.purge(PublicGdprDeleteInput(object_id="b@example.org", id_property="email"))
    with pytest.raises(ApiException):
        contacts.get_by_id(merged.id)


@pytest.mark.parametrize("version", ["2025-09", "2026-03", "2026-09"])
def test_dated_paths_by_the_untyped_call(client: Any, version: str) -> None:
    path = f"/crm/objects/{version}/0-1"
    made = call(client, "POST", path, {"properties": {"email": "a@example.org"}})
    assert call(client, "GET", f"{path}/{made['id']}")["properties"]["email"] == "a@example.org"
    inputs = [{"id": "a@example.org", "idProperty": "email", "properties": {}, "objectWriteTraceId": "1"}]
    assert call(client, "POST", f"{path}/batch/upsert", {"inputs": inputs})["results"][0]["new"] is False


def test_properties_and_groups(client: Any) -> None:
    make_unique(client)
    assert len(client.crm.properties.core_api.get_all("contacts").results) > 60
    call(client, "POST", f"{PROPERTIES}/groups", {"name": "mine", "label": "Mine"})
    body = {"name": "one", "label": "One", "type": "string", "fieldType": "text", "groupName": "mine"}
    made = call(client, "POST", f"{PROPERTIES}/batch/create", {"inputs": [body, {**body, "name": "two"}]})
    assert [each["name"] for each in made["results"]] == ["one", "two"]
    again = client.api_request({"method": "POST", "path": PROPERTIES, "body": body})
    assert (again.status_code, again.json()["subCategory"]) == (409, "Properties.PROPERTY_WITH_NAME_EXISTS")
    call(client, "DELETE", f"{PROPERTIES}/one")
    assert client.api_request({"path": f"{PROPERTIES}/one"}).status_code == 404


def test_lists_and_their_members(client: Any) -> None:
    contact_id = make(client, email="a@example.org")
    made = call(client, "POST", "/crm/v3/lists", {"name": "News", "objectTypeId": "0-1", "processingType": "MANUAL"})
    path = f"/crm/v3/lists/{made['list']['listId']}"
    added = call(client, "PUT", f"{path}/memberships/add", [contact_id, "9"])
    assert added == {"recordsIdsAdded": [contact_id], "recordIdsRemoved": [], "recordIdsMissing": ["9"]}
    members = call(client, "GET", f"{path}/memberships")["results"]
    assert [each["recordId"] for each in members] == [contact_id]
    assert call(client, "GET", "/crm/v3/lists/object-type-id/0-1/name/news")["list"]["size"] == 1


def test_subscriptions(client: Any) -> None:
    path = "/communication-preferences/v4/statuses/a@example.org"
    body = {"subscriptionId": 1, "statusState": "SUBSCRIBED", "channel": "EMAIL"}
    assert call(client, "POST", path, body)["setStatusSuccessReason"] == "REQUESTED_CHANGE_OCCURRED"
    assert call(client, "GET", path, channel="EMAIL")["results"][0]["status"] == "SUBSCRIBED"
    out = {"emailAddress": "a@example.org", "subscriptionId": "1"}
    call(client, "POST", "/communication-preferences/v3/unsubscribe", out)
    back = client.api_request({"method": "POST", "path": "/communication-preferences/v3/subscribe", "body": out})
    assert back.status_code == 400
    assert call(client, "GET", "/communication-preferences/v3/definitions")["subscriptionDefinitions"]


def test_account_and_tokens(client: Any, simulator: Simulator) -> None:
    details = call(client, "GET", "/account-info/v3/details")
    assert (details["portalId"], details["uiDomain"]) == (62515000, "app.hubspot.com")
    usage = call(client, "GET", "/account-info/v3/api-usage/daily/private-apps")["results"][0]
    assert usage["currentUsage"] >= 1
    info = call(client, "POST", "/oauth/v2/private-apps/get/access-token-info", {"tokenKey": TOKEN})
    assert (info["hubId"], "crm.objects.contacts.write" in info["scopes"]) == (62515000, True)
    granted = sim(simulator, "/tokens", {"kind": "oauth", "scopes": ["oauth"]})
    form = {"grant_type": "refresh_token", "refresh_token": granted["refresh"]}
    fresh = requests.post(f"{simulator.url}/oauth/v1/token", data=form, timeout=20).json()
    seen = requests.get(f"{simulator.url}/oauth/v1/access-tokens/{fresh['access_token']}", timeout=20).json()
    assert (seen["hub_id"], seen["scopes"], fresh["expires_in"]) == (62515000, ["oauth"], 1800)


@pytest.mark.parametrize("kind", ["lost_answer", "reset_mid_body"])
def test_a_write_is_applied_and_its_answer_is_lost(client: Any, simulator: Simulator, kind: str) -> None:
    sim(simulator, "/faults", {"kind": kind, "count": 1})
    with pytest.raises(requests.exceptions.RequestException):
        call(client, "POST", "/crm/v3/objects/contacts", {"properties": {"email": "a@example.org"}})
    entry = sim(simulator, "/ledger")["entries"][-1]
    assert (entry["outcome"], entry["email"], entry["answered"]) == ("applied", "a@example.org", False)
    assert call(client, "GET", "/crm/v3/objects/contacts/a@example.org", idProperty="email")["id"]


def test_a_connection_that_is_reset_at_once_writes_nothing(client: Any, simulator: Simulator) -> None:
    sim(simulator, "/faults", {"kind": "reset", "count": 1})
    with pytest.raises(requests.exceptions.ConnectionError):
        call(client, "POST", "/crm/v3/objects/contacts", {"properties": {"email": "a@example.org"}})
    assert sim(simulator, "/counters")["contacts"] == 0
    assert sim(simulator, "/requests")["requests"][0]["status"] == 0


def test_connections_are_refused_while_nobody_is_there(simulator: Simulator) -> None:
    sim(simulator, "/happenings", {"action": "refuse_connections", "seconds": 1})

    def is_refused() -> bool:
        try:
            request("GET", f"{simulator.url}/_sim/state")
        except urllib.error.URLError as failed:
            return isinstance(failed.reason, ConnectionRefusedError)
        return False

    until("a refusal", is_refused)
    until("the simulator to be back", lambda: request("GET", f"{simulator.url}/_sim/state").status == 200)
    assert simulator.stop() == 0


def test_an_answer_that_trickles_is_whole_in_the_end(client: Any, simulator: Simulator) -> None:
    sim(simulator, "/faults", {"kind": "trickle", "count": 1, "bytes": 64, "interval_ms": 1})
    assert make(client, email="a@example.org")


def test_a_store_survives_kill_and_restart(tmp_path: Any) -> None:
    simulator = Simulator(tmp_path, "--store", str(tmp_path / "portal.sqlite"), "--plan", "pro")
    with running(simulator):
        client: Any = Client.create(access_token=TOKEN, host=simulator.url, base_url=simulator.url)
        make_unique(client)
        contact_id = make(client, email="a@example.org", own_id="1")
        sim(simulator, "/switches", {"merge_id": "primary"})
        simulator.kill()
        simulator.start()
        assert client.crm.contacts.basic_api.get_by_id("1", id_property="own_id").id == contact_id
        assert sim(simulator, "/state")["switches_changed"] == {"merge_id": "primary"}
        assert sim(simulator, "/plan")["name"] == "pro"
        assert sim(simulator, "/ledger")["last"] == 1
        assert int(make(client, email="b@example.org")) > int(contact_id)


def test_a_page_that_listens_does_not_keep_the_simulator_from_stopping(simulator: Simulator) -> None:
    with urlopen(f"{simulator.url}/events", timeout=20) as stream:
        assert stream.readline().startswith(b"data: {")
        assert simulator.stop() == 0
