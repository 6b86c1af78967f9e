"""The admin endpoints for identities over a real database, with a recorder that remembers what it was told."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from starlette.types import ASGIApp

from doorward.api.admin.identities import IdentitiesApi
from doorward.api.admin.identity_batch import IdentityBatchApi
from doorward.api.admin.identity_changes import IdentityChangesApi
from doorward.api.admin.identity_credentials import IdentityCredentialsApi
from doorward.api.admin.identity_house import IdentityHouse
from doorward.api.admin.identity_lists import IdentityListsApi
from doorward.clock import MovableClock
from doorward.config.model_serve import AdminServe
from doorward.identities.events import IdentityEvent, Recorded
from doorward.identities.schema import IdentitySchema, SchemaRegistry
from doorward.identities.service import IdentityService
from doorward.observability.metrics import make_metrics
from doorward.security.passwords import HashSettings, PasswordHasher
from doorward.storage.contract import Database, Transaction
from doorward.web.middleware import admin_stack
from public_port import JSON, Reply, call

EMAIL: dict[str, Any] = {
    "type": "string",
    "format": "email",
    "ory.sh/kratos": {
        "credentials": {"password": {"identifier": True}, "code": {"identifier": True, "via": "email"}},
        "verification": {"via": "email"},
        "recovery": {"via": "email"},
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "traits": {
            "type": "object",
            "properties": {"email": EMAIL, "age": {"type": "integer", "minimum": 0}},
            "required": ["email"],
            "additionalProperties": False,
        }
    },
}


@dataclass
class Witness:
    """A recorder that listens to everything."""

    events: list[IdentityEvent] = field(default_factory=list)

    def hears(self, _event: IdentityEvent) -> bool:
        return True

    async def record(self, _tx: Transaction, event: IdentityEvent) -> Recorded:
        self.events.append(event)
        return Recorded(UUID(int=event.seq))

    def kinds(self) -> list[str]:
        return [str(event.kind) for event in self.events]


@dataclass(frozen=True, slots=True)
class AdminIdentities:
    """What a test talks to."""

    app: ASGIApp
    database: Database
    witness: Witness
    passwords: PasswordHasher

    async def ask(self, method: str, path: str, body: Any = None) -> Reply:
        headers = {**JSON, "host": "127.0.0.1:4434"}
        if body is None:
            return await call(self.app, method, path, headers)
        return await call(self.app, method, path, {**headers, "content-type": "application/json"}, orjson.dumps(body))

    async def make(self, email: str, **more: Any) -> Any:
        answer = await self.ask("POST", "/admin/identities", {"traits": {"email": email}, **more})
        assert answer.status == 201, answer.text
        return answer.json


def admin_identities(database: Database, clock: MovableClock) -> AdminIdentities:
    """Close `passwords` afterwards."""
    witness = Witness()
    schemas = SchemaRegistry([IdentitySchema("person", "base64://e30=", SCHEMA)], "person")
    passwords = PasswordHasher(HashSettings("bcrypt", bcrypt_cost=4, is_dev=True))
    service = IdentityService(schemas, witness, clock)
    house = IdentityHouse(database, service, passwords, clock, "http://p/", "http://a/")
    apis = (
        IdentitiesApi(house),
        IdentityListsApi(house),
        IdentityBatchApi(house),
        IdentityChangesApi(house),
        IdentityCredentialsApi(house),
    )
    routes = [route for api in apis for route in api.routes()]
    return AdminIdentities(admin_stack(routes, AdminServe(), make_metrics()), database, witness, passwords)
