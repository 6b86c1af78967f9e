"""The public port of a server, whole but for its socket, and a browser's and a program's way to talk to it."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit
from uuid import UUID, uuid4

import orjson
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

from doorward.actions.sandbox import Sandbox
from doorward.actions.template import TemplateSource
from doorward.api.openapi import openapi_document
from doorward.api.public.callbacks import CallbacksApi
from doorward.api.public.errors import ErrorsApi
from doorward.api.public.flow_results import FlowResults
from doorward.api.public.flows import FlowEndpoints
from doorward.api.public.logout import LogoutApi, LogoutSettings
from doorward.api.public.meta import DescriptionApi, HealthApi
from doorward.api.public.other_port import AdminElsewhere
from doorward.api.public.schemas import SchemasApi
from doorward.api.public.sessions import SessionsApi, WhoamiCaching
from doorward.api.public.tokenizer import Tokenizer
from doorward.app.table import action_table
from doorward.clock import MovableClock
from doorward.config.load import load
from doorward.config.model import Config
from doorward.flows.build import FlowParts, build_engine
from doorward.flows.model import FlowKind
from doorward.flows.session_ending import SessionEnding
from doorward.flows.settings import return_targets
from doorward.flows.settings_veil import Veil
from doorward.identities.schema import IdentitySchema, SchemaRegistry
from doorward.identities.service import IdentityService
from doorward.methods.password import PasswordMethod
from doorward.methods.password_login import PasswordLogin
from doorward.methods.profile import ProfileStep
from doorward.observability.metrics import Metrics, make_metrics
from doorward.security.breaches import BreachList, BreachSettings
from doorward.security.egress import Egress
from doorward.security.egress_policy import EgressPolicy
from doorward.security.password_policy import PolicySettings
from doorward.security.passwords import HashSettings, PasswordHasher
from doorward.security.tokens import CookieSealer
from doorward.sessions.model import Device, Issued
from doorward.sessions.service import SessionService
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate
from doorward.ui.routes import ui_routes
from doorward.web.cookies import make_cookies
from doorward.web.error_pages import ErrorPages
from doorward.web.middleware import public_stack
from doorward.web.site import Site
from flows_house import PASSWORD, SCHEMA, EventRows, Hooks, Offline, Waiter, keys_of, sender_of, settings_sections

JSON, HTML = {"accept": "application/json"}, {"accept": "text/html"}
CONFIG = """
dsn: memory
identity:
  default_schema_id: person
  schemas: [{id: person, url: "base64://e30="}, {id: "in/line ü", url: "base64://e30="}]
selfservice:
  allowed_return_urls: ["https://app.example.org/"]
  flows:
    registration: {style: unified, after: {password: {hooks: [{hook: session}]}}}
"""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, as it went out. Header names are in lower case."""

    status: int
    raw_headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    def header(self, name: str) -> str:
        return next((value for key, value in self.raw_headers if key == name), "")

    def headers(self, name: str) -> list[str]:
        return [value for key, value in self.raw_headers if key == name]


@dataclass
class Client:
    """Keeps cookies as a browser does; a program throws them away by making a new one."""

    app: ASGIApp
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, url: str, headers: Mapping[str, str] = JSON) -> Reply:
        return await self.call("GET", url, headers)

    async def form(self, url: str, fields: Mapping[str, str] | Iterable[tuple[str, str]]) -> Reply:
        headers = {**HTML, "content-type": "application/x-www-form-urlencoded"}
        pairs = fields if isinstance(fields, Mapping) else list(fields)
        return await self.call("POST", url, headers, urlencode(pairs).encode())

    async def post(self, url: str, body: Any, headers: Mapping[str, str] = JSON) -> Reply:
        return await self.call("POST", url, {**headers, "content-type": "application/json"}, orjson.dumps(body))

    async def call(self, method: str, url: str, headers: Mapping[str, str] = JSON, body: bytes = b"") -> Reply:
        reply = await call(self.app, method, url, {**self._cookie_header(), **headers}, body)
        for value in reply.headers("set-cookie"):
            name, _, rest = value.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return reply

    def _cookie_header(self) -> dict[str, str]:
        text = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"cookie": text} if text else {}


@dataclass(frozen=True, slots=True)
class PublicPort:
    """Everything that a test may want to look at."""

    app: ASGIApp
    routes: tuple[Route, ...]
    site: Site
    config: Config
    database: Database
    clock: MovableClock
    events: EventRows
    metrics: Metrics

    def client(self) -> Client:
        return Client(self.app)


async def call(app: ASGIApp, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
    """One request to an ASGI application, as a server would hand it over."""
    parts = urlsplit(url)
    sent = {"host": "127.0.0.1:4433", **headers}
    if body:
        sent.setdefault("content-length", str(len(body)))
    scope: Scope = {
        "type": "http",
        "method": method,
        "scheme": parts.scheme or "http",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 4433),
    }
    messages: list[Message] = []
    chunks = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        return next(chunks, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, send)
    start = messages[0]
    raw = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"])
    return Reply(start["status"], raw, b"".join(message.get("body", b"") for message in messages[1:]))


@asynccontextmanager
async def public_port(
    folder: Path, clock: MovableClock, more: str = "", *, dev: bool = True, style: str = "unified"
) -> AsyncIterator[PublicPort]:
    """The port over a fresh SQLite database; `more` is YAML that is appended to CONFIG, `style` that of signing up."""
    file = folder / "doorward.yml"
    file.write_text(CONFIG.replace("style: unified", f"style: {style}") + more)
    config = load([file], {}, {"dev": dev}).checked()
    database = open_database(f"sqlite://{folder / 'doorward.sqlite'}", clock)
    await database.start()
    await migrate(database, clock)
    hasher = PasswordHasher(HashSettings("bcrypt", bcrypt_cost=4, is_dev=True), threads=1)
    # Started by whoever renders: most tests do not.
    sandbox = Sandbox(1)
    try:
        yield _assembled(config, database, clock, hasher, sandbox)
    finally:
        await sandbox.close()
        hasher.close()
        await database.close()


def _assembled(
    config: Config, database: Database, clock: MovableClock, hasher: PasswordHasher, sandbox: Sandbox
) -> PublicPort:
    schemas = SchemaRegistry([IdentitySchema(each.id, each.url, SCHEMA) for each in config.identity.schemas], "person")
    sessions = SessionService(clock, config.session.lifespan)
    table = action_table(config)
    events = EventRows()
    password = PasswordMethod(PolicySettings(), BreachList(BreachSettings(is_enabled=False), Offline()), hasher)
    identities = IdentityService(schemas, events, clock)
    engine = build_engine(
        config,
        FlowParts(
            database=database,
            identities=identities,
            sessions=sessions,
            registration_methods=(ProfileStep(), password),
            login_methods=(PasswordLogin(database, hasher),),
            table=table,
            hooks=Hooks(),
            waiter=Waiter(),
            clock=clock,
            sender=sender_of(config, clock),
            settings_methods=settings_sections(hasher),
            sealer=keys_of(clock),
            veil=Veil(["a-secret-of-the-tests-for-all-keys"]),
        ),
    )
    serve = config.serve
    site = Site(
        base_url=serve.public.base_url,
        admin_url=serve.admin.base_url,
        error_page_url=config.selfservice.flows.error.ui_url,
        is_dev=config.dev,
        cookies=make_cookies(config, CookieSealer(["a-secret-of-the-tests"])),
        sessions=sessions,
        database=database,
        clock=clock,
        required_aal=config.session.whoami.required_aal,
    )
    ending = SessionEnding(identities, sessions, clock)
    left = config.selfservice.flows.logout
    logout = LogoutSettings(return_targets(config), left.after.default_browser_return_url, left.clear_browser_data)
    templates = config.session.whoami.tokenizer.templates
    egress = Egress(EgressPolicy.from_config(config.clients.http, dev=config.dev))
    metrics = make_metrics()
    errors, results = ErrorPages(database, clock, site.error_page_url), FlowResults(metrics)
    tokenizer = Tokenizer(templates, site.base_url, sandbox, TemplateSource(egress, clock))
    routes = [
        *FlowEndpoints(FlowKind.REGISTRATION, engine, site, errors, results).routes(),
        *FlowEndpoints(FlowKind.LOGIN, engine, site, errors, results).routes(),
        *FlowEndpoints(FlowKind.SETTINGS, engine, site, errors, results).routes(),
        *FlowEndpoints(FlowKind.VERIFICATION, engine, site, errors, results).routes(),
        *FlowEndpoints(FlowKind.RECOVERY, engine, site, errors, results).routes(),
        *SessionsApi(site, WhoamiCaching(), ending, tokenizer).routes(),
        *LogoutApi(site, ending, errors, logout).routes(),
        *SchemasApi(schemas).routes(),
        *ErrorsApi(site).routes(),
        *CallbacksApi(errors).routes(),
        *HealthApi(database).routes(),
        *AdminElsewhere(site.admin_url).routes(),
        *ui_routes(config, site, engine, table.list_actions()),
    ]
    document = openapi_document("Doorward", "0", site.base_url, routes)
    routes += DescriptionApi(document).routes()
    app = public_stack(routes, serve.public, site.cookies, metrics)
    return PublicPort(app, tuple(routes), site, config, database, clock, events, metrics)


async def signed_up(client: Client, email: str, **traits: Any) -> Reply:
    """A person who signed up in this client, as a single-page application does it."""
    flow = (await client.get("/self-service/registration/browser")).json
    csrf = next(n["attributes"]["value"] for n in flow["ui"]["nodes"] if n["attributes"]["name"] == "csrf_token")
    body = {"method": "password", "password": PASSWORD, "csrf_token": csrf, "traits": {"email": email, **traits}}
    return await client.post(urlsplit(flow["ui"]["action"])._replace(scheme="", netloc="").geturl(), body)


async def signed_in_elsewhere(port: PublicPort, identity_id: str, *, aal: str = "aal1") -> Issued:
    """Another session of a person, as another device's sign-in leaves it."""
    port.clock.move(seconds=1)
    issued = port.site.sessions.prepare(UUID(identity_id), "password", Device(uuid4(), "192.0.2.7", "other", ""), aal)

    async def write(tx: Transaction) -> None:
        await port.site.sessions.store(tx, issued)

    await port.database.transaction(write)
    return issued
