"""Lists: names are unique, only static ones are edited, members are record ids, the bin."""

import pytest

from portal_client import CONTACTS, Client
from portalsim.portal import Portal

LISTS = "/crm/v3/lists"


def make(api: Client, name: str = "News", kind: str = "MANUAL") -> str:
    got = api.post(LISTS, {"name": name, "objectTypeId": "0-1", "processingType": kind})
    assert got.status == 200, got.body
    return f"{LISTS}/{got.body['list']['listId']}"


@pytest.mark.parametrize("kind", ["MANUAL", "SNAPSHOT"])
def test_members_come_and_go(api: Client, kind: str) -> None:
    path = make(api, kind=kind)
    ids = [api.create(email=f"p{number}@example.org") for number in range(3)]
    added = api("PUT", f"{path}/memberships/add", [*ids, "9", ids[0]]).body
    assert added == {"recordsIdsAdded": ids, "recordIdsRemoved": [], "recordIdsMissing": ["9"]}
    again = api("PUT", f"{path}/memberships/add", ids).body
    assert again["recordsIdsAdded"] == []
    both = api("PUT", f"{path}/memberships/add-and-remove", {"recordIdsToRemove": ids[:1]}).body
    assert both["recordIdsRemoved"] == ids[:1]
    page = api.get(f"{path}/memberships?limit=1").body
    assert [each["recordId"] for each in page["results"]] == [ids[1]]
    rest = api.get(f"{path}/memberships?after={page['paging']['next']['after']}").body
    assert [each["recordId"] for each in rest["results"]] == [ids[2]]
    assert api("PUT", f"{path}/memberships/remove", ids).body["recordIdsRemoved"] == ids[1:]
    assert api.get(path).body["list"]["size"] == 0


def test_a_dynamic_list_is_not_edited(api: Client) -> None:
    path = make(api, kind="DYNAMIC")
    assert api("PUT", f"{path}/memberships/add", [api.create(email="a@example.org")]).status == 400
    assert api("DELETE", f"{path}/memberships").status == 400


def test_names_are_unique_and_found_without_regard_to_case(api: Client) -> None:
    make(api)
    assert api.post(LISTS, {"name": "NEWS", "processingType": "MANUAL"}).status == 400
    assert api.get(f"{LISTS}/object-type-id/0-1/name/news").body["list"]["name"] == "News"
    assert api.get(f"{LISTS}/object-type-id/0-1/name/olds").status == 404


def test_members_are_taken_from_another_list_and_emptied(api: Client) -> None:
    first, second = make(api), make(api, "Second")
    api("PUT", f"{first}/memberships/add", [api.create(email="a@example.org")])
    assert api("PUT", f"{second}/memberships/add-from/{first.rpartition('/')[2]}").status == 204
    assert api.get(second).body["list"]["size"] == 1
    assert api("DELETE", f"{second}/memberships").status == 204
    assert api.get(second).body["list"]["size"] == 0


def test_a_deleted_list_can_be_restored_for_90_days(api: Client, portal: Portal) -> None:
    path = make(api)
    assert api("DELETE", path).status == 204
    assert api.get(path).status == 404
    portal.clock.advance(89 * 86_400)
    assert api("PUT", f"{path}/restore").status == 204
    assert api.get(path).status == 200
    api("DELETE", path)
    portal.clock.advance(91 * 86_400)
    assert api("PUT", f"{path}/restore").status == 404


def test_lists_are_renamed_listed_and_searched(api: Client) -> None:
    path = make(api)
    make(api, "Other")
    assert api("PUT", f"{path}/update-list-name?listName=Latest").body["updatedList"]["name"] == "Latest"
    assert len(api.get(LISTS).body["lists"]) == 2
    assert [each["name"] for each in api.get(f"{LISTS}?listIds=1").body["lists"]] == ["Latest"]
    assert api.post(f"{LISTS}/search", {"query": "late"}).body["total"] == 1


def test_a_merged_contact_keeps_its_place(api: Client) -> None:
    path = make(api)
    first, second = api.create(email="a@example.org"), api.create(email="b@example.org")
    api("PUT", f"{path}/memberships/add", [second])
    merged = api.post(f"{CONTACTS}/merge", {"primaryObjectId": first, "objectIdToMerge": second}).body["id"]
    assert [each["recordId"] for each in api.get(f"{path}/memberships").body["results"]] == [merged]


@pytest.mark.parametrize("body", [{}, {"name": "x"}, {"name": "x", "processingType": "AUTO"}])
def test_what_is_no_list_is_400(api: Client, body: dict[str, str]) -> None:
    assert api.post(LISTS, body).status == 400


@pytest.mark.parametrize("body", [{}, ["a@example.org"], None])
def test_members_are_record_ids(api: Client, body: object) -> None:
    assert api("PUT", f"{make(api)}/memberships/add", body).status == 400
