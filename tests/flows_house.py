"""A flow engine for tests, with its parts at hand, and clients that talk to it without HTTP."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from doorward.clock import MovableClock
from doorward.config.model import Config
from doorward.config.model_flows import (
    AfterConfig,
    AfterMethodConfig,
    BeforeConfig,
    FlowsConfig,
    HookConfig,
    MethodConfig,
    RegistrationFlow,
    SelfServiceConfig,
    VerificationFlow,
)
from doorward.courier.enqueue import Courier
from doorward.courier.model import Channel
from doorward.flows.answers import Answer, Done, Shown
from doorward.flows.codes import OneTimeCodes
from doorward.flows.codes_links import OneTimeLinks
from doorward.flows.codes_sender import CodeSender
from doorward.flows.contract import InFlowHook
from doorward.flows.engine import FlowEngine
from doorward.flows.model import FlowKind, FlowType
from doorward.flows.request import FieldTypes, FlowRequest, SubmittedBody
from doorward.flows.settings import code_limits, link_lifespan, message_limits
from doorward.flows.settings_contract import SettingsMethod
from doorward.flows.throttle_messages import MessageThrottle
from doorward.flows.throttle_tally import Tally
from doorward.hooks.effects import HAND_OUT_SESSION, SHOW_VERIFICATION
from doorward.identities.events import IdentityEvent, Recorded
from doorward.methods.password_settings import PasswordSection
from doorward.methods.profile_settings import ProfileSettings
from doorward.outbox.settled import Settlement
from doorward.outbox.states import State
from doorward.security.breaches import BreachList, BreachSettings
from doorward.security.cipher import Cipher
from doorward.security.outgoing import EgressFailed, OutgoingRequest, OutgoingResponse
from doorward.security.password_policy import PolicySettings
from doorward.security.passwords import PasswordHasher
from doorward.security.tokens import new_csrf_token
from doorward.sessions.model import Device, Session
from doorward.sessions.service import SessionService
from doorward.storage.contract import Database, Transaction
from doorward.storage.identity_keys import IdentityKeys

BASE = "http://127.0.0.1:4433/"
UI = "http://127.0.0.1:4455"
PASSWORD = "correct-horse-9-battery"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "traits": {
            "type": "object",
            "properties": {
                "email": {
                    "type": "string",
                    "format": "email",
                    "title": "E-mail",
                    "ory.sh/kratos": {
                        "credentials": {"password": {"identifier": True}},
                        "verification": {"via": "email"},
                        "recovery": {"via": "email"},
                    },
                },
                "name": {"type": "object", "properties": {"first": {"type": "string", "title": "First name"}}},
                "news": {
                    "type": "boolean",
                    "title": "News",
                    "doorward": {"consent": {"purpose": "marketing", "version": "3", "text": "Send me news by mail."}},
                },
            },
            "required": ["email"],
        }
    },
}


class Offline:
    """A way out that leads nowhere."""

    async def send(self, request: OutgoingRequest, *, trusted: bool = False) -> OutgoingResponse:
        raise EgressFailed("no network in tests", "connect", sent=False)


class EventRows:
    """Records an event as a row of its own, and names as many awaited deliveries as it is told to."""

    def __init__(self) -> None:
        self.events: list[IdentityEvent] = []
        self.awaited: tuple[UUID, ...] = ()

    async def record(self, tx: Transaction, event: IdentityEvent) -> Recorded:
        row = {
            "id": uuid4(),
            "kind": str(event.kind),
            "identity": event.identity.id,
            "seq": event.seq,
            "at": event.at,
            "source": event.cause.source,
        }
        await tx.execute(
            """
            INSERT INTO events (id, kind, identity_id, seq, occurred_at, source, trace_id)
            VALUES (:id, :kind, :identity, :seq, :at, :source, '')
            """,
            row,
        )
        tx.on_commit(lambda: self.events.append(event))
        return Recorded(uuid4(), self.awaited, self.awaited, self.awaited)

    def hears(self, event: IdentityEvent) -> bool:
        return True


def settings_sections(hasher: PasswordHasher) -> tuple[SettingsMethod, ...]:
    """The sections of a settings page without second factors."""
    breaches = BreachList(BreachSettings(is_enabled=False), Offline())
    return (ProfileSettings(), PasswordSection(PolicySettings(), breaches, hasher))


def keys_of(clock: MovableClock) -> IdentityKeys:
    """Everybody's keys under a secret of the tests."""
    return IdentityKeys(Cipher(["a-secret-of-the-tests-for-all-keys"]), clock)


def sender_of(config: Config, clock: MovableClock) -> CodeSender:
    """Codes and messages as the server makes them; nobody delivers the messages."""
    secret = "a-secret-of-the-tests-for-all-keys"
    connectors = {Channel.EMAIL: "smtp", Channel.SMS: "courier_http"}
    courier = Courier(IdentityKeys(Cipher([secret]), clock), clock, connectors)
    codes, links = OneTimeCodes(code_limits(config), [secret], clock), OneTimeLinks(link_lifespan(config), clock)
    limits = message_limits(config)
    throttle = MessageThrottle(limits, Tally(limits.window, [secret], clock))
    return CodeSender(codes, links, courier, throttle, clock, BASE)


class Waiter:
    """Answers with the states that it was given."""

    def __init__(self) -> None:
        self.states: dict[UUID, State] = {}
        self.released: list[UUID] = []

    async def wait(self, delivery_ids: Sequence[UUID], cap_s: float) -> Mapping[UUID, Settlement]:
        return {each: Settlement(self.states[each]) for each in delivery_ids if each in self.states}

    async def release(self, delivery_ids: Sequence[UUID]) -> None:
        self.released.extend(delivery_ids)


@dataclass
class Hooks:
    """Hooks by name, as a registry would make them; tests add their own."""

    by_name: dict[str, InFlowHook] = field(
        default_factory=lambda: {"session": HAND_OUT_SESSION, "show_verification_ui": SHOW_VERIFICATION}
    )

    def hook(self, entry: Any) -> InFlowHook:
        return self.by_name[entry.hook]


@dataclass
class House:
    """A running engine and what a test looks at."""

    engine: FlowEngine
    database: Database
    clock: MovableClock
    recorder: EventRows
    waiter: Waiter
    hooks: Hooks
    sessions: SessionService

    async def count(self, table: str) -> int:
        row = await self.database.reader.fetch_one(f"SELECT COUNT(*) AS n FROM {table}")
        assert row is not None
        return int(row["n"])

    def client(self, type_: FlowType, **more: Any) -> "Client":
        return Client(self, type_, **more)


@dataclass
class Client:
    """A browser, a single-page application or a native app, by `type_` and `is_json`."""

    house: House
    type_: FlowType
    is_json: bool = True
    csrf: str = field(default_factory=new_csrf_token)
    session: Session | None = None
    headers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def request(self, query: Mapping[str, str], body: Mapping[str, Any] | None = None) -> FlowRequest:
        async def read(_types: FieldTypes) -> SubmittedBody:
            return SubmittedBody(body or {})

        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return FlowRequest(
            method="GET" if body is None else "POST",
            url=f"{BASE}self-service/registration/{self.type_}" + (f"?{asked}" if asked else ""),
            device=Device(uuid4(), "192.0.2.1", "tests", ""),
            headers=self.headers,
            cookies=self.cookies,
            query=query,
            read=read,
            csrf_cookie=self.csrf if self.type_ is FlowType.BROWSER else "",
            is_json=self.is_json,
            accepts_json=self.is_json,
            session=self.session,
        )

    async def start(self, **query: str) -> Shown:
        shown = await self.house.engine.start(FlowKind.REGISTRATION, self.type_, self.request(query))
        assert isinstance(shown, Shown)
        return shown

    async def fetch(self, shown: Shown) -> Shown:
        return await self.house.engine.fetch(FlowKind.REGISTRATION, str(shown.flow.id), self.request({}))

    async def submit(self, shown: Shown, body: Mapping[str, Any]) -> Answer:
        token = {"csrf_token": self.csrf} if self.type_ is FlowType.BROWSER else {}
        request = self.request({"flow": str(shown.flow.id)}, {**token, **body})
        return await self.house.engine.submit(FlowKind.REGISTRATION, request)

    async def sign_up(self, email: str, **traits: Any) -> Done:
        answer = await self.submit(await self.start(), form(email, **traits))
        assert isinstance(answer, Done), answer
        return answer


def form(email: str, **traits: Any) -> dict[str, Any]:
    """A complete submission."""
    return {"method": "password", "password": PASSWORD, "traits": {"email": email, **traits}}


def messages(answer: object) -> dict[str, list[int]]:
    """Message ids by node; "" for the form's own."""
    assert isinstance(answer, Shown), answer
    ui = answer.body["ui"]
    found = {node["attributes"]["name"]: [each["id"] for each in node["messages"]] for node in ui["nodes"]}
    found[""] = [each["id"] for each in ui.get("messages", ())]
    return {name: ids for name, ids in found.items() if ids}


def configuration(
    *hooks: str,
    style: str = "unified",
    is_verified: bool = False,
    before: Sequence[str] = (),
    is_open: bool = True,
    login_hints: bool = False,
) -> Config:
    """Registration with these hooks of the method `password`."""
    entries = tuple(HookConfig(hook=name, path=f"after.password.hooks.{n}") for n, name in enumerate(hooks))
    registration = RegistrationFlow(
        enabled=is_open,
        ui_url=f"{UI}/registration",
        style="profile_first" if style == "profile_first" else "unified",
        login_hints=login_hints,
        before=BeforeConfig(hooks=tuple(HookConfig(hook=name, path=f"before.hooks.{name}") for name in before)),
        after=AfterConfig(methods={"password": AfterMethodConfig(hooks=entries)}),
    )
    flows = FlowsConfig(
        registration=registration,
        verification=VerificationFlow(enabled=is_verified, ui_url=f"{UI}/verification"),
    )
    return Config(
        selfservice=SelfServiceConfig(
            default_browser_return_url=f"{UI}/welcome",
            allowed_return_urls=(UI,),
            flows=flows,
            methods={name: MethodConfig(enabled=True) for name in ("profile", "password")},
        ),
    )


MakeHouse = Callable[[Config], Awaitable[House]]
