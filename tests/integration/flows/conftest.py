"""A flow engine on a fresh database, wired as the server wires it."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from doorward.app.table import action_table
from doorward.clock import MovableClock
from doorward.config.model import Config
from doorward.config.model_flows import MethodConfig
from doorward.flows.build import FlowParts, build_engine
from doorward.flows.contract import RegistrationMethod
from doorward.flows.login_contract import LoginMethod
from doorward.flows.settings_veil import Veil
from doorward.identities.schema import IdentitySchema, SchemaRegistry
from doorward.identities.service import IdentityService
from doorward.identities.vault import CredentialVault
from doorward.methods.code_login import CodeLogin
from doorward.methods.code_proof import CodeTools
from doorward.methods.code_registration import CodeRegistration
from doorward.methods.code_second_factor import CodeSecondFactor
from doorward.methods.identifier_first import IdentifierFirst
from doorward.methods.lookup_login import LookupLogin
from doorward.methods.lookup_settings import LookupSection
from doorward.methods.password import PasswordMethod
from doorward.methods.password_login import PasswordLogin
from doorward.methods.password_migration import PasswordMigration
from doorward.methods.profile import ProfileStep
from doorward.methods.totp_login import TotpLogin
from doorward.methods.totp_settings import TotpSection
from doorward.security.breaches import BreachList, BreachSettings
from doorward.security.password_policy import PolicySettings
from doorward.security.passwords import HashSettings, PasswordHasher
from doorward.sessions.service import SessionService
from doorward.storage.contract import Database
from flows_house import (
    SCHEMA,
    EventRows,
    Hooks,
    House,
    MakeHouse,
    Offline,
    Waiter,
    keys_of,
    sender_of,
    settings_sections,
)


def code_of(config: Config) -> MethodConfig:
    return config.selfservice.methods.get("code", MethodConfig())


def schema_for(config: Config) -> dict[str, Any]:
    """People have codes only where the configuration names the method, and telephones only where texts can be sent:
    elsewhere these tests know nothing of them.
    """
    schema = copy.deepcopy(SCHEMA)
    if config.courier.channels:
        phone = {"type": "string", "format": "tel", "ory.sh/kratos": {"verification": {"via": "sms"}}}
        schema["properties"]["traits"]["properties"]["phone"] = phone
    if "code" in config.selfservice.methods:
        email = schema["properties"]["traits"]["properties"]["email"]
        email["ory.sh/kratos"]["credentials"]["code"] = {"identifier": True, "via": "email"}
    return schema


def ways_in(config: Config, tools: CodeTools, others: tuple[LoginMethod, ...]) -> tuple[LoginMethod, ...]:
    """The methods of signing in, as the registry of the server puts them together."""
    code = CodeLogin(tools) if code_of(config).passwordless_enabled else None
    second = (CodeSecondFactor(tools),) if code_of(config).mfa_enabled else ()
    every = (*([code] if code else ()), *second, *others)
    if config.selfservice.flows.login.style != "identifier_first":
        return every
    is_mitigated = config.security.account_enumeration.mitigate
    shown = (*others, *([code] if code else ()))
    return (*every, IdentifierFirst(tools.database, shown, code, is_mitigated=is_mitigated))


@pytest.fixture(scope="session")
def hasher() -> Iterator[PasswordHasher]:
    made = PasswordHasher(HashSettings("bcrypt", bcrypt_cost=4, is_dev=True), threads=1)
    yield made
    made.close()


@pytest.fixture
def migration() -> PasswordMigration | None:
    """Who knows passwords that were not imported; modules that need somebody have a fixture of their own."""
    return None


@pytest.fixture
def make_house(
    database: Database, clock: MovableClock, hasher: PasswordHasher, migration: PasswordMigration | None
) -> MakeHouse:
    async def make(config: Config) -> House:
        recorder, waiter, hooks = EventRows(), Waiter(), Hooks()
        schemas = SchemaRegistry([IdentitySchema("person", "file://person.json", schema_for(config))], "person")
        vault = CredentialVault(["a-secret-of-the-tests-for-all-keys"])
        sessions = SessionService(clock, config.session.lifespan)
        password = PasswordMethod(PolicySettings(), BreachList(BreachSettings(is_enabled=False), Offline()), hasher)
        methods: tuple[RegistrationMethod, ...] = (ProfileStep(), password)
        identities, sender = IdentityService(schemas, recorder, clock, vault), sender_of(config, clock)
        is_fallback_on = bool(code_of(config).config.get("missing_credential_fallback_enabled"))
        codes = CodeTools(database, identities, sender, clock, is_fallback_on)
        if code_of(config).passwordless_enabled:
            methods = (ProfileStep(), CodeRegistration(codes, is_shown=True), password)
        parts = FlowParts(
            database=database,
            identities=identities,
            sessions=sessions,
            registration_methods=methods,
            login_methods=ways_in(
                config,
                codes,
                (PasswordLogin(database, hasher, migration), TotpLogin(vault, clock), LookupLogin(vault, clock)),
            ),
            table=action_table(config),
            hooks=hooks,
            waiter=waiter,
            clock=clock,
            sender=sender,
            settings_methods=(*settings_sections(hasher), LookupSection(vault), TotpSection("Tests", schemas, clock)),
            sealer=keys_of(clock),
            veil=Veil(["a-secret-of-the-tests-for-all-keys"]),
        )
        return House(build_engine(config, parts), database, clock, recorder, waiter, hooks, sessions)

    return make
