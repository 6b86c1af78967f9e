"""People who change their own account, without HTTP: signed up, signed in, with a browser or an app."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from doorward.config.model import Config
from doorward.config.model_flows import SettingsFlow
from doorward.flows.answers import Answer, Done, SignInAgain
from doorward.flows.model import Flow, FlowKind, FlowType, Node
from doorward.flows.request import FlowRequest
from doorward.identities.model import Identity
from doorward.identities.store import find_identity
from doorward.sessions.model import Issued, Session
from doorward.sessions.query import find_session
from flows_house import PASSWORD, UI, House, configuration
from proof_house import Proving, shown


def settled(config: Config | None = None, **settings: Any) -> Config:
    """Registration that signs in, and settings as given."""
    config = config or configuration("session")
    flows = replace(config.selfservice.flows, settings=SettingsFlow(ui_url=f"{UI}/settings", **settings))
    return replace(config, selfservice=replace(config.selfservice, flows=flows))


@dataclass
class Person(Proving):
    """Somebody who is signed in. `held` is what the browser's cookie of paused steps says."""

    issued: Issued
    held: Mapping[str, UUID] = field(default_factory=dict)

    def request(self, query: Mapping[str, str], body: Mapping[str, Any] | None = None) -> FlowRequest:
        made = super().request(query, body)
        return replace(made, session=self.client.session, session_token=self.issued.token, continuity=self.held)

    async def save(self, flow: Flow, **body: Any) -> Answer:
        """Submits, and keeps what a client keeps."""
        answer = await self.submit(flow, **{"method": None, **body})
        if isinstance(answer, SignInAgain):
            self.held = answer.continuity
        if isinstance(answer, Done) and answer.continuity:
            self.held = answer.continuity[-1]
        if isinstance(answer, Done):
            await self.look()
        return answer

    async def resume(self, flow: Flow) -> Answer:
        """Comes back from signing in again."""
        return await self.follow(flow)

    async def look(self) -> Session:
        """The session as it is stored now."""
        found = await find_session(self.house.database.reader, self.issued.session.id)
        assert found is not None
        self.client.session = found
        return found

    async def identity(self) -> Identity:
        found = await find_identity(self.house.database.reader, self.issued.session.identity_id, with_credentials=True)
        assert found is not None
        return found

    async def sign_in_again(self) -> Answer:
        """With the password, in a flow that asks again."""
        login = Person(self.house, FlowKind.LOGIN, self.client, self.issued)
        flow = await login.start(refresh="true")
        email = str((await self.identity()).traits["email"])
        answer = await login.submit(flow, method="password", identifier=email, password=PASSWORD)
        await self.look()
        return answer


async def person(house: House, email: str, type_: FlowType = FlowType.API, **traits: Any) -> Person:
    """A new account, signed in."""
    client = house.client(type_)
    done = await client.sign_up(email, **traits)
    token = done.cookie.token if done.cookie else str(done.body["session_token"])
    session = await house.sessions.find_live(house.database.reader, token)
    assert session is not None
    client.session = session
    return Person(house, FlowKind.SETTINGS, client, Issued(session, token))


def node(flow: Flow, name: str) -> Node:
    found = flow.ui.find_node(name)
    assert found is not None, [each.name for each in flow.ui.nodes]
    return found


def on(answer: Answer, name: str) -> list[int]:
    """The ids of the messages beside a field."""
    return [message.id for message in node(shown(answer), name).messages]
