"""What HubSpot does with one contact: values, e-mails, stages, history, bin. A test for each line of the checklist."""

import pytest

from portal_client import CONTACTS, Client
from portalsim.portal import Portal

DAY_S = 86_400


def test_values_become_text_and_empty_ones_are_null(api: Client) -> None:
    got = api.post(CONTACTS, {"properties": {"email": "a@example.org", "numemployees": 7, "hs_lead_status": None}})
    contact_id = got.body["id"]
    shown = api.get(f"{CONTACTS}/{contact_id}?properties=numemployees,hs_lead_status,phone").body["properties"]
    assert (shown["numemployees"], shown["hs_lead_status"], shown["phone"]) == ("7", None, None)


def test_names_that_were_never_defined_are_left_out(api: Client) -> None:
    contact_id = api.create(email="a@example.org")
    shown = api.get(f"{CONTACTS}/{contact_id}?properties=phone,no_such_thing").body["properties"]
    assert "no_such_thing" not in shown
    assert set(shown) == {
        "createdate",
        "email",
        "firstname",
        "hs_object_id",
        "lastmodifieddate",
        "lastname",
        "phone",
    }


def test_dates_are_iso_with_milliseconds_and_said_twice(api: Client, portal: Portal) -> None:
    got = api.post(CONTACTS, {"properties": {"email": "a@example.org"}}).body
    assert (
        got["createdAt"]
        == got["properties"]["createdate"]
        == portal.clock.now().strftime("%Y-%m-%dT%H:%M:%S.") + (f"{portal.clock.now().microsecond // 1000:03d}Z")
    )
    assert got["updatedAt"] == got["properties"]["lastmodifieddate"]


def test_each_write_moves_lastmodifieddate_and_leaves_a_version_with_its_source(api: Client, portal: Portal) -> None:
    contact_id = api.create(email="a@example.org", firstname="Ada")
    before = api.get(f"{CONTACTS}/{contact_id}").body["updatedAt"]
    portal.clock.advance(1)
    assert api("PATCH", f"{CONTACTS}/{contact_id}", {"properties": {"firstname": "Grace"}}).status == 200
    got = api.get(f"{CONTACTS}/{contact_id}?propertiesWithHistory=firstname").body
    assert got["updatedAt"] > before
    versions = got["propertiesWithHistory"]["firstname"]
    assert [each["value"] for each in versions] == ["Grace", "Ada"]
    assert {each["sourceType"] for each in versions} == {"INTEGRATION"}


def test_a_write_in_the_same_millisecond_still_moves_lastmodifieddate(api: Client) -> None:
    contact_id = api.create(email="a@example.org")
    first = api("PATCH", f"{CONTACTS}/{contact_id}", {"properties": {"city": "Bern"}}).body["updatedAt"]
    second = api("PATCH", f"{CONTACTS}/{contact_id}", {"properties": {"city": "Basel"}}).body["updatedAt"]
    assert second > first


def test_emails_are_kept_in_lower_case_and_are_unique_without_regard_to_case(api: Client) -> None:
    contact_id = api.create(email="Ada@Example.ORG")
    assert api.get(f"{CONTACTS}/{contact_id}").body["properties"]["email"] == "ada@example.org"
    assert api.post(CONTACTS, {"properties": {"email": "ADA@example.org"}}).status == 409
    assert api.post(CONTACTS, {"properties": {"email": "ada+news@example.org"}}).status == 201


def test_a_secondary_email_is_unique_and_finds_the_contact(api: Client) -> None:
    first, second = api.create(email="a@example.org"), api.create(email="b@example.org")
    merged = api.post(f"{CONTACTS}/merge", {"primaryObjectId": first, "objectIdToMerge": second}).body
    assert merged["properties"]["hs_additional_emails"] == "b@example.org"
    assert api.post(CONTACTS, {"properties": {"email": "b@example.org"}}).status == 409
    found = api.get(f"{CONTACTS}/b@example.org?idProperty=email").body
    assert (found["id"], found["properties"]["email"]) == (merged["id"], "a@example.org")


@pytest.mark.parametrize("email", ["bcooper@example.con", "nonsense", "a b@example.org", "@example.org", "a@localhost"])
def test_an_email_of_no_form_or_no_top_level_domain_is_refused(api: Client, email: str) -> None:
    got = api.post(CONTACTS, {"properties": {"email": email}})
    assert (got.status, got.inner[0]["error"]) == (400, "INVALID_EMAIL")
    assert got.inner[0]["message"] == f"Email address {email} is invalid"


def test_a_contact_needs_an_email_or_a_name(api: Client, portal: Portal) -> None:
    assert api.post(CONTACTS, {"properties": {"city": "Bern"}}).status == 400
    assert api.post(CONTACTS, {"properties": {"lastname": "Curie"}}).status == 201


def test_ids_are_numbers_as_text_that_rise_with_gaps(api: Client) -> None:
    ids = [int(api.create(email=f"p{number}@example.org")) for number in range(30)]
    assert ids == sorted(ids)
    assert ids[-1] - ids[0] > 60


def test_a_contact_of_the_api_says_so(api: Client) -> None:
    got = api.post(CONTACTS, {"properties": {"email": "a@example.org"}}).body["properties"]
    assert got["hs_object_source"] == "INTEGRATION"
    assert got["lifecyclestage"] == "lead"
    assert got["hs_pipeline"] == "contacts-lifecycle-pipeline"
    assert got["hs_lifecyclestage_lead_date"].isdigit()


def test_a_stage_moves_forward_only_and_a_backward_write_is_answered_200(api: Client) -> None:
    contact_id = api.create(email="a@example.org", lifecyclestage="customer")
    path = f"{CONTACTS}/{contact_id}"
    got = api("PATCH", path, {"properties": {"lifecyclestage": "lead", "city": "Bern"}})
    assert (got.status, got.body["properties"]["lifecyclestage"]) == (200, "customer")
    assert got.body["properties"]["city"] == "Bern"
    api("PATCH", path, {"properties": {"lifecyclestage": ""}})
    assert api("PATCH", path, {"properties": {"lifecyclestage": "lead"}}).body["properties"]["lifecyclestage"] == "lead"


@pytest.mark.parametrize("name", ["hs_email_optout", "hs_marketable_status", "hs_object_id", "lastmodifieddate"])
def test_read_only_properties_are_refused(api: Client, name: str) -> None:
    got = api.post(CONTACTS, {"properties": {"email": "a@example.org", name: "true"}})
    assert (got.status, got.inner[0]["error"]) == (400, "READ_ONLY_VALUE")
    assert got.inner[0]["message"] == f'"{name}" is a calculated property; its value cannot be set.'


def test_createdate_may_come_with_a_create_and_not_later(api: Client) -> None:
    contact_id = api.create(email="a@example.org", createdate="2020-01-02T03:04:05.000Z")
    assert api.get(f"{CONTACTS}/{contact_id}").body["createdAt"] == "2020-01-02T03:04:05.000Z"
    assert api("PATCH", f"{CONTACTS}/{contact_id}", {"properties": {"createdate": "2021-01-01"}}).status == 400


def test_a_leading_semicolon_adds_to_a_list(api: Client) -> None:
    bases = ("Performance of a contract", "Not applicable")
    contact_id = api.create(email="a@example.org", hs_legal_basis=bases[0])
    got = api("PATCH", f"{CONTACTS}/{contact_id}", {"properties": {"hs_legal_basis": f";{bases[1]}"}})
    assert got.body["properties"]["hs_legal_basis"] == ";".join(bases)


def test_an_archived_contact_lies_in_a_bin_for_90_days(api: Client, portal: Portal) -> None:
    contact_id = api.create(email="a@example.org", firstname="Ada")
    path = f"{CONTACTS}/{contact_id}"
    assert api("DELETE", path).status == 204
    assert api.get(path).status == 404
    assert api.get(f"{path}?archived=true").body["archived"] is True
    portal.clock.advance(89 * DAY_S)
    assert api.post("/_sim/happenings", {"action": "restore_contact", "id": contact_id}).status == 200
    assert api.get(path).body["properties"]["firstname"] == "Ada"
    api("DELETE", path)
    portal.clock.advance(91 * DAY_S)
    assert api.post("/_sim/happenings", {"action": "restore_contact", "id": contact_id}).status == 400
    assert api.get(f"{path}?archived=true").status == 404


def test_an_archived_contact_frees_its_email_and_cannot_take_it_back(api: Client) -> None:
    old = api.create(email="a@example.org")
    api("DELETE", f"{CONTACTS}/{old}")
    new = api.create(email="a@example.org")
    assert new != old
    assert api.post("/_sim/happenings", {"action": "restore_contact", "id": old}).status == 409


def test_a_merge_makes_a_new_id_and_old_ids_go_on_working(api: Client) -> None:
    first = api.create(email="a@example.org", firstname="Ada")
    second = api.create(email="b@example.org", city="Bern")
    merged = api.post(f"{CONTACTS}/merge", {"primaryObjectId": first, "objectIdToMerge": second}).body
    assert merged["id"] not in (first, second)
    assert merged["properties"]["hs_merged_object_ids"].split(";") == [first, second]
    assert (merged["properties"]["firstname"], merged["properties"]["city"]) == ("Ada", "Bern")
    assert {api.get(f"{CONTACTS}/{each}").body["id"] for each in (first, second)} == {merged["id"]}


def test_the_merge_beta_keeps_the_primary_id(api: Client, portal: Portal) -> None:
    portal.flip("merge_id", "primary")
    first, second = api.create(email="a@example.org"), api.create(email="b@example.org")
    merged = api.post(f"{CONTACTS}/merge", {"primaryObjectId": first, "objectIdToMerge": second}).body
    assert merged["id"] == first
    assert api.get(f"{CONTACTS}/{second}").body["id"] == first


def test_more_than_250_identities_cannot_be_merged(api: Client) -> None:
    main = api.create(email="main@example.org")
    for number in range(251):
        other = api.create(email=f"o{number}@example.org")
        got = api.post(f"{CONTACTS}/merge", {"primaryObjectId": main, "objectIdToMerge": other})
        if got.status == 414:
            break
        main = got.body["id"]
    assert (got.status, number) == (414, 250)
    assert got.body["message"] == "Cannot have more than 250 identities on a profile"


def test_an_erased_contact_is_gone_and_leaves_no_value(api: Client, portal: Portal) -> None:
    contact_id = api.create(email="a@example.org", firstname="Ada")
    assert api.post(f"{CONTACTS}/gdpr-delete", {"objectId": contact_id}).status == 204
    assert api.get(f"{CONTACTS}/{contact_id}").status == 404
    assert api.get(f"{CONTACTS}/{contact_id}?archived=true").status == 404
    assert "Ada" not in str(api.get("/_sim/ledger").body)
    assert api.post(CONTACTS, {"properties": {"email": "a@example.org"}}).status == 201


def test_an_erased_email_stays_away_where_the_switch_says_so(api: Client, portal: Portal) -> None:
    portal.flip("gdpr_recreate", "blocked")
    assert api.post(f"{CONTACTS}/gdpr-delete", {"objectId": "z@example.org", "idProperty": "email"}).status == 204
    got = api.post(CONTACTS, {"properties": {"email": "z@example.org"}})
    assert (got.status, got.inner[0]["error"]) == (400, "GDPR_BLACKLISTED_EMAIL")


def test_the_soft_switch_leaves_an_empty_shell(api: Client, portal: Portal) -> None:
    portal.flip("gdpr_delete", "soft")
    contact_id = api.create(email="a@example.org", firstname="Ada")
    api.post(f"{CONTACTS}/gdpr-delete", {"objectId": contact_id})
    shown = api.get(f"{CONTACTS}/{contact_id}?archived=true").body
    assert (shown["properties"]["email"], shown["properties"]["firstname"]) == (None, None)


def test_lists_of_contacts_are_paged_by_a_cursor(api: Client) -> None:
    ids = [api.create(email=f"p{number}@example.org") for number in range(25)]
    seen: list[str] = []
    path = f"{CONTACTS}?limit=10"
    for _ in range(3):
        page = api.get(path).body
        seen += [each["id"] for each in page["results"]]
        path = f"{CONTACTS}?limit=10&after={page['paging']['next']['after']}" if "paging" in page else ""
    assert seen == ids
    assert path == ""
    assert api.get(f"{CONTACTS}?limit=101").status == 400
    assert api.get(f"{CONTACTS}?limit=51&propertiesWithHistory=email").status == 400
    assert api.get(f"{CONTACTS}?after=%21").status == 400
