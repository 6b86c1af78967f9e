"""Which methods are made of a configuration."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from doorward.actions.sandbox import Sandbox
from doorward.actions.template import TemplateSource
from doorward.actions.web_hook_settings import WebHookSettings
from doorward.clock import SystemClock
from doorward.config.model_flows import MethodConfig
from doorward.courier.model import Message
from doorward.flows.codes import CodeLimits, OneTimeCodes
from doorward.flows.codes_links import OneTimeLinks
from doorward.flows.codes_sender import CodeSender
from doorward.flows.throttle_messages import MessageLimits, MessageThrottle
from doorward.flows.throttle_tally import Tally
from doorward.identities.schema import IdentitySchema, SchemaRegistry
from doorward.identities.service import IdentityService
from doorward.identities.vault import CredentialVault
from doorward.methods.code_login import CodeLogin
from doorward.methods.code_second_factor import CodeSecondFactor
from doorward.methods.password_migration import MigrationTools, migration_settings
from doorward.methods.registry import (
    MethodMisconfigured,
    MethodTools,
    login_methods,
    registration_methods,
    with_identifier_first,
)
from doorward.observability.logging import Log
from doorward.security.egress import Egress
from doorward.security.egress_policy import EgressPolicy
from doorward.security.outgoing import EgressFailed, OutgoingRequest, OutgoingResponse
from doorward.security.passwords import HashSettings, PasswordHasher
from doorward.storage.contract import Transaction
from doorward.storage.engine import open_database
from flows_house import SCHEMA, EventRows

HOUR = timedelta(hours=1)
CODES = OneTimeCodes(CodeLimits(HOUR, 5), ["a-secret-of-the-tests-for-all-keys"], SystemClock())
TEMPLATES = TemplateSource(Egress(EgressPolicy()), SystemClock())
UNCOUNTED = MessageThrottle(MessageLimits(HOUR, 1, 1, 1, is_on=False), Tally(HOUR, [], SystemClock()))


class Nobody:
    """A courier whose messages would go nowhere: making methods sends none."""

    async def queue(self, tx: Transaction, message: Message) -> UUID:
        raise AssertionError(message.template)

    async def rehearse(self, tx: Transaction, message: Message) -> None:
        raise AssertionError(message.template)


class Offline:
    """A way out that leads nowhere."""

    async def send(self, request: OutgoingRequest, *, trusted: bool = False) -> OutgoingResponse:
        raise EgressFailed("no network in tests", "connect", sent=False)


@pytest.fixture
def tools() -> Iterator[MethodTools]:
    hasher = PasswordHasher(HashSettings(is_dev=True), threads=1)
    database = open_database("memory", SystemClock())
    clock = SystemClock()
    schemas = SchemaRegistry([IdentitySchema("person", "", SCHEMA)], "person")
    vault = CredentialVault(["a-secret-of-the-tests-for-all-keys"])
    yield MethodTools(
        hasher=hasher,
        hashes=HashSettings(is_dev=True),
        sender=Offline(),
        database=database,
        schemas=schemas,
        vault=vault,
        clock=clock,
        identities=IdentityService(schemas, EventRows(), clock),
        codes=CodeSender(CODES, OneTimeLinks(HOUR, clock), Nobody(), UNCOUNTED, clock, "http://127.0.0.1/"),
        migration=MigrationTools(Offline(), Sandbox(), TEMPLATES, Log("tests"), clock, "http://127.0.0.1/"),
        is_dev=True,
    )
    hasher.close()


def test_only_those_that_are_on(tools: MethodTools) -> None:
    configs = {"password": MethodConfig(enabled=True), "profile": MethodConfig(enabled=False)}
    assert [method.name for method in registration_methods(configs, tools)] == ["profile", "password"]
    assert [method.name for method in registration_methods({}, tools)] == ["profile"]


def test_settings_are_checked(tools: MethodTools) -> None:
    config = MethodConfig(enabled=True, config={"min_password_length": 3}, path="selfservice.methods.password")
    with pytest.raises(MethodMisconfigured, match=r"password\.config\.min_password_length"):
        registration_methods({"password": config}, tools)


@pytest.mark.parametrize(
    ("hook", "complaint"),
    [
        ({"enabled": True}, r"migrate_hook\.config\.url"),
        ({"enabled": True, "config": {"url": "ftp://old.example.org"}}, r"migrate_hook\.config\.url"),
        ({"enabled": True, "config": {"url": "https://old.example.org", "method": "GET"}}, r"config\.method"),
        ({"enabled": True, "config": {"url": "https://old.example.org", "response": {}}}, r"config\.response"),
        ({"enabled": True, "config": {"url": "https://old.example.org", "auth": {"type": "x"}}}, r"config\.auth"),
    ],
)
def test_a_hook_that_cannot_be_asked_is_refused_at_the_start(
    tools: MethodTools, hook: dict[str, object], complaint: str
) -> None:
    config = MethodConfig(enabled=True, config={"migrate_hook": hook}, path="selfservice.methods.password")
    with pytest.raises(MethodMisconfigured, match=complaint):
        login_methods({"password": config}, tools)


def test_without_a_template_both_texts_are_sent_as_they_are() -> None:
    settings = migration_settings({"url": "https://old.example.org/check"}, "config")
    assert isinstance(settings, WebHookSettings)
    assert (settings.method, settings.template) == ("POST", None)


@pytest.mark.parametrize(
    ("code", "made"),
    [
        (MethodConfig(enabled=True), []),
        (MethodConfig(enabled=True, passwordless_enabled=True), [CodeLogin]),
        (MethodConfig(enabled=True, mfa_enabled=True), [CodeSecondFactor]),
        (MethodConfig(enabled=False, mfa_enabled=True), []),
    ],
)
def test_a_code_is_the_first_factor_or_the_second(tools: MethodTools, code: MethodConfig, made: list[type]) -> None:
    assert [type(each) for each in login_methods({"code": code}, tools)] == made


def test_the_step_that_asks_who_it_is_is_asked_last_and_knows_the_code(tools: MethodTools) -> None:
    configs = {"code": MethodConfig(enabled=True, passwordless_enabled=True), "password": MethodConfig(enabled=True)}
    methods = with_identifier_first(login_methods(configs, tools), tools, is_mitigated=False)
    assert [each.name for each in methods] == ["code", "password", "identifier_first"]
