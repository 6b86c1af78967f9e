"""The pages without a browser: what they show, that they escape, sort, filter and page; and their forms."""

import re
from urllib.parse import urlencode

import pytest

from portal_client import CONTACTS, Client, key
from portalsim.portal import Portal

FORM = {"content_type": "application/x-www-form-urlencoded", "sec_fetch_site": "same-origin"}


def emails(page: str) -> list[str]:
    return re.findall(r"<td>([^<]+@example\.org)</td>", page)


def send(api: Client, what: str, **fields: str) -> tuple[int, str]:
    got = api("POST", f"/portal/{what}", urlencode(fields).encode(), **FORM)
    return got.status, got.headers.get("location", got.body)


@pytest.mark.parametrize("path", ["/", "/requests", "/portal", "/contacts/1", "/requests/x"])
def test_every_page_says_that_it_is_a_simulator_and_runs_only_own_scripts(api: Client, path: str) -> None:
    got = api.get(path)
    assert "Local simulator" in got.body
    assert "default-src 'none'" in got.headers["content-security-policy"]
    assert "unsafe" not in got.headers["content-security-policy"]
    assert not re.search(r"<script(?! src=)|style=|onclick|javascript:", got.body)
    assert len(got.raw) < 100_000


def test_an_empty_portal_teaches(api: Client) -> None:
    page = api.get("/").body
    assert "Nobody has arrived yet" in page
    assert "curl" in page


def test_a_contact_is_in_the_list_with_its_own_id(api: Client) -> None:
    name = api.unique()
    api.upsert(key(name, "0190f3a4-1111-7000-8000-00000000abcd", "1", email="a@example.org", firstname="Ada"))
    page = api.get("/").body
    assert emails(page) == ["a@example.org"]
    assert "0190f3…00abcd" in page
    assert ">Ada</a>" in page


def test_values_are_escaped_everywhere(api: Client) -> None:
    bad = "<script>alert(1)</script>"
    contact_id = api.create(email="a@example.org", firstname=bad)
    line = api.get("/_sim/requests").body["requests"][0]["correlation_id"]
    for path in ("/", f"/contacts/{contact_id}", f"/requests/{line}", f"/?{urlencode({'q': bad})}"):
        assert "<script>alert" not in api.get(path).body


@pytest.fixture
def people(api: Client, portal: Portal) -> list[str]:
    made = []
    for number, letter in enumerate("cab" * 20):
        portal.clock.advance(1)
        made.append(api.create(email=f"{letter}{number:02d}@example.org", lastname=letter))
    return made


@pytest.mark.parametrize("sort", ["created", "modified", "email", "name"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_pages_follow_each_other_without_a_gap(api: Client, people: list[str], sort: str, direction: str) -> None:
    seen: list[str] = []
    path = f"/?sort={sort}&dir={direction}"
    for _ in range(2):
        page = api.get(path).body
        seen += emails(page)
        onward = re.search(r'href="([^"]*after=[^"]*)">Next page', page)
        path = onward.group(1).replace("&amp;", "&") if onward else ""
    assert path == ""
    assert len(set(seen)) == len(seen) == 60
    if sort == "email":
        assert seen == sorted(seen, reverse=direction == "desc")


def test_the_list_is_filtered(api: Client, people: list[str]) -> None:
    assert emails(api.get("/?q=C00").body) == ["c00@example.org"]
    assert emails(api.get(f"/?q={people[1]}").body) == ["a01@example.org"]
    assert emails(api.get("/?q=%25").body) == []
    assert "No contact matches" in api.get("/?q=nobody").body
    for odd in ("/?sort=nope&dir=sideways&after=%21", "/?after=WzEsICJ4Il0="):
        assert api.get(odd).status == 200


def test_archived_contacts_are_apart(api: Client) -> None:
    contact_id = api.create(email="a@example.org")
    api("DELETE", f"{CONTACTS}/{contact_id}")
    assert emails(api.get("/").body) == []
    assert emails(api.get("/?archived=1").body) == ["a@example.org"]
    assert "archived 20" in api.get(f"/contacts/{contact_id}").body


def test_the_page_of_a_contact_tells_its_story(api: Client) -> None:
    contact_id = api.create(email="a@example.org", firstname="Ada")
    api("PATCH", f"{CONTACTS}/{contact_id}", {"properties": {"firstname": "Grace"}})
    other = api.create(email="b@example.org")
    merged = api.post(f"{CONTACTS}/merge", {"primaryObjectId": contact_id, "objectIdToMerge": other}).body["id"]
    status = {"subscriptionId": 1, "statusState": "SUBSCRIBED", "channel": "EMAIL"}
    api.post("/communication-preferences/v4/statuses/a@example.org", status)
    page = api.get(f"/contacts/{merged}").body
    for text in ("Ada", "Grace", contact_id, other, "1: SUBSCRIBED", "merge_contacts", "b@example.org"):
        assert text in page


def test_a_fragment_is_the_table_alone(api: Client) -> None:
    api.create(email="a@example.org")
    assert api.get("/?rows=1").body.startswith("<table")


def test_the_request_log_shows_and_filters(api: Client) -> None:
    api.create(email="a@example.org")
    api.get(f"{CONTACTS}/1")
    page = api.get("/requests").body
    assert "✓</span> 201" in page
    assert "✕</span> 404" in page
    assert "404" not in api.get("/requests?status=201").body.split("<tbody>")[1]


def test_forms_of_the_portal_page(api: Client, portal: Portal) -> None:
    assert send(api, "seed", count="10") == (303, "/")
    assert send(api, "plan", name="pro") == (303, "/portal#plan")
    assert send(api, "switch", name="merge_id", value="primary") == (303, "/portal#switches")
    assert send(api, "story", name="locked") == (303, "/portal#faults")
    assert len(portal.faults.list_all()) == 1
    assert send(api, "calm") == (303, "/portal#faults")
    assert send(api, "create-property", name="own_id", unique="1") == (303, "/portal#properties")
    assert portal.catalogue.unique_names == ("own_id",)
    assert send(api, "archive-property", name="own_id") == (303, "/portal#properties")
    before = portal.clock.now()
    assert send(api, "advance", by="day") == (303, "/portal#clock")
    assert (portal.clock.now() - before).days == 1
    page = api.get("/portal").body
    assert "changed, new at first" in page
    assert send(api, "reset", sure="reset") == (303, "/")
    assert api.get("/_sim/counters").body["contacts"] == 0


def test_a_rotated_token_is_shown_once(api: Client, portal: Portal) -> None:
    status, page = send(api, "rotate", token="demonstration")
    value = re.search(r"this once: (\S+)", page)
    assert status == 200
    assert value is not None
    assert portal.tokens.find(value.group(1)) is not None
    assert value.group(1) not in api.get("/portal").body
    assert send(api, "revoke", token="demonstration")[0] == 303


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("reset", {"sure": "yes"}),
        ("seed", {"count": "0"}),
        ("seed", {"count": "1000001"}),
        ("plan", {"name": "huge"}),
        ("switch", {"name": "nope", "value": "on"}),
        ("story", {"name": "nope"}),
        ("advance", {"by": "a year"}),
        ("revoke", {"token": "nobody"}),
        ("create-property", {"name": "With Space"}),
        ("create-property", {"name": "email"}),
        ("archive-property", {"name": "nope"}),
        ("nothing", {}),
    ],
)
def test_a_form_that_cannot_be_done_says_why(api: Client, what: str, fields: dict[str, str]) -> None:
    status, page = send(api, what, **fields)
    assert status == 400
    assert re.search(r'class="notice bad" role="status">[^<]{10,}<', page)
