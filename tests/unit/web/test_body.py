"""Content types and sizes of a submitted form, through the whole port: the recorded answers of Kratos."""

from urllib.parse import urlencode

import orjson
import pytest

from flows_house import PASSWORD
from public_port import JSON, Client

FORM = "application/x-www-form-urlencoded"
BODY = {"method": "password", "password": PASSWORD, "traits": {"email": "ada@example.org"}}
AS_JSON = orjson.dumps(BODY)
AS_FORM = urlencode({"method": "password", "password": PASSWORD, "traits.email": "ada@example.org"}).encode()
MULTIPART = b'--xyz\r\ncontent-disposition: form-data; name="method"\r\n\r\npassword\r\n--xyz--\r\n'
UNREADABLE, EMPTY_FORM = [4000001], {"traits.email": [4000002]}


async def sent(client: Client, kind: str, body: bytes) -> tuple[int, list[int], dict[str, list[int]]]:
    """Status, messages of the form, messages of its fields."""
    flow = (await client.get("/self-service/registration/api")).json
    headers = {**JSON, "content-type": kind} if kind else dict(JSON)
    answer = await client.call("POST", flow["ui"]["action"], headers, body)
    ui = answer.json.get("ui", {"nodes": []})
    named = {n["attributes"]["name"]: [m["id"] for m in n["messages"]] for n in ui["nodes"] if n["messages"]}
    return answer.status, [message["id"] for message in ui.get("messages", [])], named


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", AS_JSON),
        ("application/json; charset=utf-8", AS_JSON),
        ("Application/JSON", AS_JSON),
        (FORM, AS_FORM),
        (f"{FORM}; charset=iso-8859-1", AS_FORM),
        (FORM.upper(), AS_FORM),
    ],
)
async def test_what_is_understood(client: Client, kind: str, body: bytes) -> None:
    assert await sent(client, kind, body) == (200, [], {})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/vnd.api+json", AS_JSON),
        ("text/json", AS_JSON),
        ("text/plain", AS_JSON),
        ("", AS_JSON),
        ("nonsense", AS_JSON),
        ("text/plain, application/json", AS_JSON),
        ("application/json", AS_FORM),
        ("", AS_FORM),
        ("application/json", b""),
        (FORM, b""),
        (FORM, b"traits.email=%zz"),
    ],
)
async def test_what_is_not_is_told_in_the_form(client: Client, kind: str, body: bytes) -> None:
    assert await sent(client, kind, body) == (400, UNREADABLE, {})


@pytest.mark.parametrize(
    ("kind", "body"), [("multipart/form-data; boundary=xyz", MULTIPART), (FORM, AS_JSON), ("application/json", b"{}")]
)
async def test_what_holds_none_of_the_fields_is_an_empty_form(client: Client, kind: str, body: bytes) -> None:
    assert await sent(client, kind, body) == (400, [], EMPTY_FORM)


async def test_five_megabytes_are_read_and_no_more(client: Client) -> None:
    def padded(megabytes: float) -> bytes:
        return orjson.dumps({**BODY, "padding": "x" * int(megabytes * 2**20)})

    assert (await sent(client, "application/json", padded(4.9)))[0] == 200
    flow = (await client.get("/self-service/registration/api")).json
    refused = await client.call("POST", flow["ui"]["action"], {**JSON, "content-type": FORM}, padded(5.1))
    assert (refused.status, refused.json["error"]["code"]) == (400, 500)
    assert "larger than" in refused.json["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        ({}, "http://127.0.0.1:4433/self-service/registration/%61pi?b=%C3%BC&a=1"),
        (
            {"x-forwarded-proto": "https, http", "x-forwarded-host": "id.example.org"},
            "https://id.example.org/self-service/registration/%61pi?b=%C3%BC&a=1",
        ),
    ],
)
async def test_the_address_is_kept_as_the_client_sees_it(client: Client, headers: dict[str, str], url: str) -> None:
    flow = await client.get("/self-service/registration/%61pi?b=%C3%BC&a=1", {**JSON, **headers})
    assert flow.json["request_url"] == url
