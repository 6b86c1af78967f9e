"""People who prove an address or get back in, without HTTP; and their letters, opened."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import orjson

from doorward.config.model import Config, FeatureFlagsConfig
from doorward.config.model_courier import ChannelConfig
from doorward.config.model_flows import RecoveryFlow, VerificationFlow
from doorward.flows.answers import Answer, Shown
from doorward.flows.model import Flow, FlowKind, FlowType
from doorward.flows.request import FlowRequest
from doorward.storage.types import read_bytes, read_uuid
from flows_house import BASE, UI, Client, House, configuration, keys_of

NO_FLAGS = FeatureFlagsConfig()


def proving(
    use: Literal["code", "link"] = "code", *, tells: bool = False, flags: FeatureFlagsConfig = NO_FLAGS
) -> Config:
    """Verification and recovery by `use`; `tells`: strangers are told that nobody is known by their address."""
    config = configuration("session", is_verified=True)
    flows = replace(
        config.selfservice.flows,
        verification=VerificationFlow(
            enabled=True, ui_url=f"{UI}/verification", use=use, notify_unknown_recipients=tells
        ),
        recovery=RecoveryFlow(enabled=True, ui_url=f"{UI}/recovery", use=use, notify_unknown_recipients=tells),
    )
    selfservice = replace(config.selfservice, flows=flows)
    return replace(config, selfservice=selfservice, feature_flags=flags)


def texting(config: Config) -> Config:
    """The same, where text messages can be sent."""
    return replace(config, courier=replace(config.courier, channels=(ChannelConfig(id="sms"),)))


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that is queued, as its sender will open it."""

    template: str
    recipient: str
    data: Mapping[str, Any]

    @property
    def code(self) -> str:
        return str(next(value for name, value in self.data.items() if name.endswith("_code")))

    @property
    def token(self) -> str:
        url = str(next(value for name, value in self.data.items() if name.endswith("_url") and name != "request_url"))
        found = re.search(r"[?&]token=(\w+)", url)
        assert found, url
        return found[1]


async def letters(house: House) -> list[Letter]:
    """Every message that is queued, the oldest first."""
    reader = house.database.reader
    rows = await reader.fetch_all(
        "SELECT d.id, d.payload FROM deliveries d JOIN courier_messages m ON m.id = d.id ORDER BY m.created_at, m.id"
    )
    keys = keys_of(house.clock)
    opened = []
    for row in rows:
        message_id = read_uuid(row["id"])
        body = orjson.loads(await keys.open(reader, message_id, message_id, read_bytes(row["payload"])))
        opened.append(Letter(body["template_type"], body["recipient"], body["template_data"]))
    return opened


@dataclass
class Proving:
    """One client in a flow of verification or recovery."""

    house: House
    kind: FlowKind
    client: Client

    def request(self, query: Mapping[str, str], body: Mapping[str, Any] | None = None) -> FlowRequest:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        url = f"{BASE}self-service/{self.kind}" + (f"?{asked}" if asked else "")
        return replace(self.client.request(query, body), url=url)

    async def start(self, **query: str) -> Flow:
        shown = await self.house.engine.start(self.kind, self.client.type_, self.request(query))
        assert isinstance(shown, Shown)
        return shown.flow

    async def submit(self, flow: Flow, **body: Any) -> Answer:
        token = {"csrf_token": self.client.csrf} if self.client.type_ is FlowType.BROWSER else {}
        return await self.house.engine.submit(
            self.kind, self.request({"flow": str(flow.id)}, {"method": flow.active, **token, **body})
        )

    async def follow(self, flow: Flow, **query: str) -> Answer:
        """Opens a link of a letter."""
        return await self.house.engine.submit(self.kind, self.request({"flow": str(flow.id), **query}))


def person(house: House, kind: FlowKind, type_: FlowType = FlowType.API, *, is_json: bool = True) -> Proving:
    return Proving(house, kind, house.client(type_, is_json=is_json))


def shown(answer: Answer) -> Flow:
    """The form of an answer."""
    assert isinstance(answer, Shown), answer
    return answer.flow


def said(answer: Answer) -> list[int]:
    """The ids of the form's own messages."""
    return [message.id for message in shown(answer).ui.messages]


def other_than(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 1_000_000:06}"
