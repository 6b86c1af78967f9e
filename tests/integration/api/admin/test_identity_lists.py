"""Lists of identities: each once, whatever the size of a page; filters; what a query may not ask."""

from urllib.parse import urlsplit

import pytest

from admin_identities import AdminIdentities
from public_port import Reply

PATH = "/admin/identities"


def next_page(answer: Reply) -> str:
    for link in answer.header("link").split(","):
        url, relation = link.split("; rel=")
        if relation == '"next"':
            parts = urlsplit(url.strip("<>"))
            return f"{parts.path}?{parts.query}"
    return ""


@pytest.mark.parametrize("size", [1, 2, 5, 500])
async def test_every_identity_is_on_one_page(admin: AdminIdentities, size: int) -> None:
    made = [(await admin.make(f"p{number}@example.org"))["id"] for number in range(5)]
    seen: list[str] = []
    url = f"{PATH}?page_size={size}"
    while url:
        answer = await admin.ask("GET", url)
        assert 0 < len(answer.json) <= size
        assert all("credentials" not in each for each in answer.json)
        seen += [each["id"] for each in answer.json]
        url = next_page(answer)
    assert seen == sorted(made)


async def test_numbered_pages_are_there_for_older_clients(admin: AdminIdentities) -> None:
    made = sorted([(await admin.make(f"p{number}@example.org"))["id"] for number in range(3)])
    answer = await admin.ask("GET", f"{PATH}?page=1&per_page=2")
    assert [each["id"] for each in answer.json] == made[2:]
    assert answer.header("x-total-count") == "3"
    assert (await admin.ask("GET", f"{PATH}?page=3&per_page=500")).status == 400


async def test_filters(admin: AdminIdentities) -> None:
    oidc = {"oidc": {"config": {"providers": [{"provider": "google", "subject": "CaSe"}]}}}
    ada = (await admin.make("ada@example.org", credentials=oidc))["id"]
    grace = (await admin.make("grace_1@example.org"))["id"]
    for query, expected in (
        (f"ids={ada}", [ada]),
        (f"ids={grace}&ids={ada}&ids={ada}", sorted([ada, grace])),
        ("credentials_identifier=%20ADA@example.org", [ada]),
        ("credentials_identifier=google:CaSe", [ada]),
        ("credentials_identifier=google:case", []),
        ("credentials_identifier=ada", []),
        ("preview_credentials_identifier_similar=ADA", [ada]),
        ("preview_credentials_identifier_similar=da@", []),
        ("preview_credentials_identifier_similar=grace%25", []),
        ("preview_credentials_identifier_similar=grace_", [grace]),
        ("organization_id=11111111-1111-4111-8111-111111111111", []),
    ):
        found = (await admin.ask("GET", f"{PATH}?{query}")).json
        assert [each["id"] for each in found] == expected, query
        assert all(("credentials" in each) == ("identifier" in query) for each in found)


@pytest.mark.parametrize(
    "query",
    [
        "ids=",
        "ids=x",
        "organization_id=x",
        "page_size=abc",
        "page_size=99999999999999999999",
        "page_token=x",
        "include_credential=nothing",
        "credentials_identifier=a&preview_credentials_identifier_similar=a",
        "credentials_identifier=a&ids=11111111-1111-4111-8111-111111111111",
        "&".join(["ids=11111111-1111-4111-8111-111111111111"] * 501),
    ],
)
async def test_what_cannot_be_asked(admin: AdminIdentities, query: str) -> None:
    answer = await admin.ask("GET", f"{PATH}?{query}")
    assert answer.status == 400
    assert answer.json["error"]["reason"]
