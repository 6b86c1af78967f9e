"""The admin port with the console, whole but for its socket, over a house in which things are delivered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from starlette.types import ASGIApp

from delivery_house import DeliveryHouse
from doorward.api.public.meta import HealthApi
from doorward.config.load import load
from doorward.observability.metrics import make_metrics
from doorward.security.tokens import CookieSealer
from doorward.ui.console.routes import console_routes
from doorward.web.middleware import admin_stack
from public_port import Client

KEY = "an-admin-key-of-the-tests"
CONFIG = """
dsn: memory
identity: {default_schema_id: person, schemas: [{id: person, url: "base64://e30="}]}
secrets: {default: [a-secret-of-32-characters-or-more-1]}
"""


@dataclass(frozen=True, slots=True)
class KnownContact:
    """A contact as `app.contacts` tells of it."""

    destination: str
    id: str
    is_adopted: bool
    url: str | None


@dataclass
class KnownContacts:
    """What a test knows of contacts, by identity."""

    found: dict[UUID, list[KnownContact]] = field(default_factory=dict)

    async def list_contacts(self, identity_id: UUID) -> Sequence[KnownContact]:
        return self.found.get(identity_id, [])


@dataclass(frozen=True, slots=True)
class ConsolePort:
    """`client()` is a browser that has not signed in."""

    app: ASGIApp
    house: DeliveryHouse
    contacts: KnownContacts

    def client(self) -> Client:
        return Client(self.app)

    async def signed_in(self) -> Client:
        """A browser whose administrator has typed the key."""
        client = self.client()
        answer = await client.form("/console/sign-in", {"key": KEY})
        assert answer.status == 303, answer.text
        return client


def console_port(
    house: DeliveryHouse, folder: Path, *, keys: Sequence[str] = (KEY,), dev: bool = False, more: str = ""
) -> ConsolePort:
    """`more` is YAML for `serve.admin`, one line."""
    file = folder / "console.yml"
    listed = ", ".join(f'"{key}"' for key in keys)
    file.write_text(f"{CONFIG}serve: {{admin: {{api_keys: [{listed}], {more}}}}}\n")
    config = load([file], {}, {"dev": dev}).checked()
    contacts = KnownContacts()
    routes = [
        *HealthApi(house.database).routes(),
        *console_routes(
            config,
            house.database,
            house.clock,
            CookieSealer(["a-secret-of-the-tests"]),
            house.actions,
            contacts,
            (Path("/etc/doorward.yml"),),
        ),
    ]
    return ConsolePort(admin_stack(routes, config.serve.admin, make_metrics()), house, contacts)
