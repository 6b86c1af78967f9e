"""What a taken address tells of its account: the ways in that its owner has, and nothing of second factors."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from doorward.clock import MovableClock
from doorward.flows.login_hints import LoginHints, find_hints
from doorward.identities.draft import NewCredential, NewIdentity
from doorward.identities.events import Cause
from doorward.identities.model import Identity
from doorward.identities.schema import IdentitySchema, SchemaRegistry
from doorward.identities.service import IdentityService
from doorward.ids import new_row_id
from doorward.storage.contract import Database, Transaction
from flows_house import EventRows

MARKS = {"credentials": {"password": {"identifier": True}}, "recovery": {"via": "email"}}
EMAIL = {"type": "string", "format": "email", "ory.sh/kratos": MARKS}
TRAITS = {"type": "object", "properties": {"email": EMAIL}}
SCHEMA = IdentitySchema("person", "", {"type": "object", "properties": {"traits": TRAITS}})
PROVIDERS = {"providers": [{"provider": "google", "subject": "1"}, {"provider": "acme", "subject": "2"}]}


async def stored(database: Database, *credentials: NewCredential) -> Identity:
    identities = IdentityService(SchemaRegistry([SCHEMA], "person"), EventRows(), MovableClock())
    draft = identities.draft(NewIdentity("person", {"email": "ada@example.org"}, credentials))

    async def store_it(tx: Transaction) -> Identity:
        return (await identities.create(tx, draft, Cause("admin"))).identity

    return await database.transaction(store_it)


@pytest.mark.parametrize(
    ("credentials", "methods", "providers"),
    [
        ({"password": {"hashed_password": "$argon2id$x"}}, ("password",), ()),
        ({"password": {"hashed_password": "", "use_password_migration_hook": True}}, (), ()),
        ({"oidc": PROVIDERS, "lookup_secret": {"recovery_codes": []}}, ("oidc",), ("acme", "google")),
        ({"webauthn": {"credentials": [{"is_passwordless": False}]}}, (), ()),
        ({}, (), ()),
    ],
)
async def test_ways_in(
    database: Database,
    credentials: Mapping[str, Mapping[str, Any]],
    methods: tuple[str, ...],
    providers: tuple[str, ...],
) -> None:
    names = {"oidc": ("google:1", "acme:2"), "webauthn": ()}
    made = await stored(
        database, *(NewCredential(kind, config, names.get(kind)) for kind, config in credentials.items())
    )

    found = await find_hints(database.reader, replace(made, id=new_row_id(), credentials={}))

    assert found == LoginHints("ada@example.org", methods, providers)


async def test_a_subject_at_a_provider_is_no_hint(database: Database) -> None:
    made = await stored(database, NewCredential("oidc", PROVIDERS, ("google:1",)))
    newcomer = replace(made, id=UUID(int=1), recovery_addresses=())

    assert await find_hints(database.reader, newcomer) == LoginHints("", ("oidc",), ("acme", "google"))


async def test_nothing_of_oneself_nor_of_nobody(database: Database) -> None:
    assert await find_hints(database.reader, await stored(database)) is None
