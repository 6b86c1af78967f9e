"""A flow engine on a fresh database, wired as the server wires it."""

from collections.abc import Iterator

import pytest

from doorward.app.table import action_table
from doorward.clock import MovableClock
from doorward.config.model import Config
from doorward.flows.build import FlowParts, build_engine
from doorward.flows.contract import RegistrationMethod
from doorward.flows.settings_veil import Veil
from doorward.identities.schema import IdentitySchema, SchemaRegistry
from doorward.identities.service import IdentityService
from doorward.identities.vault import CredentialVault
from doorward.methods.lookup_login import LookupLogin
from doorward.methods.lookup_settings import LookupSection
from doorward.methods.password import PasswordMethod
from doorward.methods.password_login import PasswordLogin
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


@pytest.fixture(scope="session")
def hasher() -> Iterator[PasswordHasher]:
    made = PasswordHasher(HashSettings("bcrypt", bcrypt_cost=4, is_dev=True), threads=1)
    yield made
    made.close()


@pytest.fixture
def make_house(database: Database, clock: MovableClock, hasher: PasswordHasher) -> MakeHouse:
    async def make(config: Config) -> House:
        recorder, waiter, hooks = EventRows(), Waiter(), Hooks()
        schemas = SchemaRegistry([IdentitySchema("person", "file://person.json", SCHEMA)], "person")
        vault = CredentialVault(["a-secret-of-the-tests-for-all-keys"])
        sessions = SessionService(clock, config.session.lifespan)
        password = PasswordMethod(PolicySettings(), BreachList(BreachSettings(is_enabled=False), Offline()), hasher)
        methods: tuple[RegistrationMethod, ...] = (ProfileStep(), password)
        parts = FlowParts(
            database=database,
            identities=IdentityService(schemas, recorder, clock, vault),
            sessions=sessions,
            registration_methods=methods,
            login_methods=(
                PasswordLogin(database, hasher),
                TotpLogin(vault, clock),
                LookupLogin(vault, clock),
            ),
            table=action_table(config),
            hooks=hooks,
            waiter=waiter,
            clock=clock,
            sender=sender_of(config, clock),
            settings_methods=(*settings_sections(hasher), LookupSection(vault), TotpSection("Tests", schemas, clock)),
            sealer=keys_of(clock),
            veil=Veil(["a-secret-of-the-tests-for-all-keys"]),
        )
        return House(build_engine(config, parts), database, clock, recorder, waiter, hooks, sessions)

    return make
