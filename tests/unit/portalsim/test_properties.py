"""The properties API: uniqueness that cannot change, conflicts, archived names that come back, groups, batches."""

from typing import Any

import pytest

from portal_client import CONTACTS, Client, definition
from portalsim.portal import Portal

PROPERTIES = "/crm/v3/properties/contacts"
BOOL = {
    "type": "bool",
    "fieldType": "booleancheckbox",
    "options": [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}],
}


def test_a_new_portal_has_the_standard_ones(api: Client) -> None:
    found = {each["name"]: each for each in api.get(PROPERTIES).body["results"]}
    assert len(found) > 60
    stages = [each["value"] for each in found["lifecyclestage"]["options"]]
    assert stages == [
        "subscriber",
        "lead",
        "marketingqualifiedlead",
        "salesqualifiedlead",
        "opportunity",
        "customer",
        "evangelist",
        "other",
    ]
    assert found["hs_email_optout"]["modificationMetadata"]["readOnlyValue"] is True
    assert found["email"]["modificationMetadata"]["archivable"] is False


def test_uniqueness_is_fixed_at_creation_and_a_change_of_it_is_answered_200(api: Client) -> None:
    api.post(PROPERTIES, definition("plain"))
    got = api("PATCH", f"{PROPERTIES}/plain", {"hasUniqueValue": True, "label": "Other"})
    assert (got.status, got.body["hasUniqueValue"], got.body["label"]) == (200, False, "Other")


def test_a_name_that_is_taken_is_409(api: Client) -> None:
    assert api.post(PROPERTIES, definition("own_id")).status == 201
    got = api.post(PROPERTIES, definition("own_id"))
    assert (got.status, got.body["category"]) == (409, "OBJECT_ALREADY_EXISTS")
    assert got.body["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
    assert got.body["message"] == "A property named 'own_id' already exists."


def test_an_archived_name_comes_back(api: Client) -> None:
    api.post(PROPERTIES, definition("own_id", hasUniqueValue=True))
    assert api("DELETE", f"{PROPERTIES}/own_id").status == 204
    assert api.get(f"{PROPERTIES}/own_id").status == 404
    assert [each["name"] for each in api.get(f"{PROPERTIES}?archived=true").body["results"]] == ["own_id"]
    again = api.post(PROPERTIES, definition("own_id"))
    assert (again.status, again.body["hasUniqueValue"]) == (201, True)


def test_ten_unique_properties_and_not_one_more(api: Client) -> None:
    for number in range(10):
        api.unique(f"u{number}")
    assert api.post(PROPERTIES, definition("u10", hasUniqueValue=True)).status == 400
    assert api.post(PROPERTIES, definition("u10")).status == 201


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "With Capitals"},
        {"type": "colour"},
        {"type": "bool"},
        {"groupName": "nowhere"},
        {"label": None},
        {"options": "many"},
        {"options": [{"label": "without value"}]},
    ],
)
def test_what_is_no_definition_is_400(api: Client, wrong: dict[str, Any]) -> None:
    assert api.post(PROPERTIES, {**definition("one"), **wrong}).status == 400


def test_a_bool_needs_both_options_and_takes_both_words(api: Client) -> None:
    assert api.post(PROPERTIES, {**definition("agrees"), **BOOL}).status == 201
    contact_id = api.post(CONTACTS, {"properties": {"email": "a@example.org", "agrees": True}}).body["id"]
    assert api.get(f"{CONTACTS}/{contact_id}?properties=agrees").body["properties"]["agrees"] == "true"


def test_options_are_replaced_as_a_whole(api: Client) -> None:
    options = [{"label": name, "value": name.lower()} for name in ("Red", "Blue")]
    api.post(PROPERTIES, definition("colour", type="enumeration", fieldType="select", options=options))
    api("PATCH", f"{PROPERTIES}/colour", {"options": options[:1]})
    assert [each["value"] for each in api.get(f"{PROPERTIES}/colour").body["options"]] == ["red"]
    assert api.post(CONTACTS, {"properties": {"lastname": "A", "colour": "blue"}}).status == 400


def test_a_property_in_use_stays(api: Client, portal: Portal) -> None:
    api.post(PROPERTIES, definition("own_id"))
    portal.require(("own_id",))
    for name in ("own_id", "email"):
        got = api("DELETE", f"{PROPERTIES}/{name}")
        assert got.body["subCategory"] == "PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE"


def test_groups(api: Client) -> None:
    groups = f"{PROPERTIES}/groups"
    assert api.post(groups, {"name": "mine", "label": "Mine", "displayOrder": 3}).status == 201
    assert api.post(groups, {"name": "mine", "label": "Mine"}).status == 409
    assert api.post(groups, {"name": "No Name"}).status == 400
    assert api("PATCH", f"{groups}/mine", {"label": "Ours"}).body["label"] == "Ours"
    api.post(PROPERTIES, definition("own_id", groupName="mine"))
    refused = api("DELETE", f"{groups}/mine")
    assert refused.body["subCategory"] == "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES"
    api("DELETE", f"{PROPERTIES}/own_id")
    assert api("DELETE", f"{groups}/mine").status == 204
    assert api.get(f"{groups}/mine").status == 404
    assert "contactinformation" in [each["name"] for each in api.get(groups).body["results"]]


def test_batches_name_what_failed(api: Client) -> None:
    body = {"inputs": [definition("one"), definition("email"), definition("two")]}
    got = api.post(f"{PROPERTIES}/batch/create", body)
    assert got.status == 207
    assert [each["name"] for each in got.body["results"]] == ["one", "two"]
    assert got.body["errors"][0]["context"]["name"] == ["email"]
    read = api.post(f"{PROPERTIES}/batch/read", {"inputs": [{"name": "one"}, {"name": "nope"}]})
    assert (read.status, read.body["numErrors"]) == (207, 1)
    assert api.post(f"{PROPERTIES}/batch/archive", {"inputs": [{"name": "one"}, {"name": "two"}]}).status == 204
    assert api.get(f"{PROPERTIES}/one").status == 404
    assert api.post(f"{PROPERTIES}/batch/read", {"inputs": [{"name": "one"}] * 101}).status == 400


def test_limits_count_own_properties(api: Client) -> None:
    api.unique()
    assert api.get("/crm/v3/limits/custom-properties").body["overallUsage"] == 1
    api.create(email="a@example.org")
    assert api.get("/crm/v3/limits/records").body["hubspotDefinedObjectTypes"][0]["usage"] == 1
