"""A client that speaks ASGI to a simulated portal, so that whole answers are tested without a socket."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import Message

from portalsim.app import build
from portalsim.portal import Portal
from portalsim.tokens import FIRST_TOKEN

CONTACTS = "/crm/v3/objects/contacts"


@dataclass(frozen=True)
class Got:
    """An answer: `body` parsed where it is JSON, header names in lower case."""

    status: int
    body: Any
    headers: Mapping[str, str]
    raw: bytes

    @property
    def inner(self) -> list[dict[str, Any]]:
        """The list inside the message of a validation body."""
        found: list[dict[str, Any]] = orjson.loads(
            self.body["message"].removeprefix("Property values were not valid: ")
        )
        return found


class Client:
    """Calls the application; one call at a time."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self._app = build(portal)
        self.token = FIRST_TOKEN

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Got:
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        given = {"authorization": f"Bearer {self.token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return asyncio.run(self._call(method, path, raw, given))

    def get(self, path: str, **headers: str) -> Got:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Got:
        return self("POST", path, body, **headers)

    def create(self, **properties: str) -> str:
        """A contact, and its id."""
        got = self.post(CONTACTS, {"properties": properties})
        assert got.status == 201, got.body
        return str(got.body["id"])

    def upsert(self, *inputs: Mapping[str, Any], version: str = "v3") -> Got:
        path = CONTACTS if version == "v3" else f"/crm/objects/{version}/contacts"
        return self.post(f"{path}/batch/upsert", {"inputs": list(inputs)})

    def unique(self, name: str = "own_id") -> str:
        """A unique property, made through the API."""
        got = self.post("/crm/v3/properties/contacts", definition(name, hasUniqueValue=True))
        assert got.status == 201, got.body
        return name

    async def _call(self, method: str, path: str, raw: bytes, headers: Mapping[str, str]) -> Got:
        plain, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": plain,
            "raw_path": plain.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "scheme": "http",
            "server": ("127.0.0.1", 4480),
            "client": ("127.0.0.1", 1),
            "root_path": "",
            "http_version": "1.1",
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        whole = b"".join(message.get("body", b"") for message in sent[1:])
        shown = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        is_json = "json" in shown.get("content-type", "")
        return Got(sent[0]["status"], _parsed(whole) if is_json else whole.decode(), shown, whole)


def definition(name: str, **more: Any) -> dict[str, Any]:
    shape = {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "contactinformation"}
    return {**shape, **more}


def key(id_property: str, value: str, trace: str | None = None, **properties: str) -> dict[str, Any]:
    """One input of an upsert."""
    shape: dict[str, Any] = {"id": value, "idProperty": id_property, "properties": properties}
    return shape if trace is None else {**shape, "objectWriteTraceId": trace}


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
