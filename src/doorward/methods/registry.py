"""The methods that the configuration switches on, made ready for the flows. A new method is one line here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from doorward.actions.web_hook_settings import WebHookSettings
from doorward.clock import Clock
from doorward.config.methods import CodeSettings, PasswordSettings, TotpSettings
from doorward.config.model_flows import MethodConfig
from doorward.config.problems import Problem
from doorward.config.read import read
from doorward.errors import Misconfigured
from doorward.flows.codes_sender import CodeSender
from doorward.flows.contract import RegistrationMethod
from doorward.flows.login_contract import LoginMethod
from doorward.flows.settings_contract import SettingsMethod
from doorward.identities.schema import SchemaRegistry
from doorward.identities.service import IdentityService
from doorward.identities.vault import CredentialVault
from doorward.methods.code_login import CodeLogin
from doorward.methods.code_proof import CodeTools
from doorward.methods.code_registration import CodeRegistration
from doorward.methods.code_second_factor import CodeSecondFactor
from doorward.methods.identifier_first import IdentifierFirst
from doorward.methods.lookup_login import LookupLogin
from doorward.methods.lookup_settings import LookupSection
from doorward.methods.password import PasswordMethod, policy_of
from doorward.methods.password_login import PasswordLogin
from doorward.methods.password_migration import MigrationTools, PasswordMigration, migration_settings
from doorward.methods.password_settings import PasswordSection
from doorward.methods.profile import ProfileStep
from doorward.methods.profile_settings import ProfileSettings
from doorward.methods.switches import is_on, signs_up
from doorward.methods.totp_login import TotpLogin
from doorward.methods.totp_settings import TotpSection
from doorward.security.breaches import BreachList, BreachSettings, Sender
from doorward.security.password_policy import PolicySettings
from doorward.security.passwords import HashSettings, PasswordHasher
from doorward.storage.contract import Database

S = TypeVar("S")


class MethodMisconfigured(Misconfigured):
    """A method's settings cannot be used."""


@dataclass(frozen=True, slots=True)
class MethodTools:
    """What methods work with. `sender` is the guarded way out; `issuer` what apps call us unless it is configured."""

    hasher: PasswordHasher
    hashes: HashSettings
    sender: Sender
    database: Database
    schemas: SchemaRegistry
    vault: CredentialVault
    clock: Clock
    identities: IdentityService
    codes: CodeSender
    migration: MigrationTools
    issuer: str = ""
    is_dev: bool = False


LoginFactory = Callable[[MethodConfig, MethodTools], LoginMethod]
SettingsFactory = Callable[[MethodConfig, MethodTools], SettingsMethod]
Factory = Callable[[MethodConfig, MethodTools], RegistrationMethod]


def registration_methods(configs: Mapping[str, MethodConfig], tools: MethodTools) -> tuple[RegistrationMethod, ...]:
    """In the order in which they are asked whether a submission is theirs. Raises MethodMisconfigured.

    The first of two steps is there whether or not people may change their traits later. Where codes are a second factor
    only they sign people up all the same, without a button (as in Kratos).
    """
    return (ProfileStep(), *(make(configs[name], tools) for name, make in FACTORIES.items() if signs_up(configs, name)))


def login_methods(configs: Mapping[str, MethodConfig], tools: MethodTools) -> tuple[LoginMethod, ...]:
    """The ways to sign in, in the order in which they are asked. Raises MethodMisconfigured."""
    return tuple(make(configs[name], tools) for name, make in LOGIN_FACTORIES.items() if is_on(configs, name))


def with_identifier_first(
    methods: Sequence[LoginMethod], tools: MethodTools, *, is_mitigated: bool
) -> tuple[LoginMethod, ...]:
    """The ways to sign in behind a first step that asks who it is."""
    code = next((each for each in methods if isinstance(each, CodeLogin)), None)
    # The second step shows the password above the code (as in Kratos).
    shown = sorted(methods, key=lambda each: each is code)
    return (*methods, IdentifierFirst(tools.database, shown, code, is_mitigated=is_mitigated))


def settings_methods(configs: Mapping[str, MethodConfig], tools: MethodTools) -> tuple[SettingsMethod, ...]:
    """The sections of the settings, in the order in which they are asked. Raises MethodMisconfigured."""
    return tuple(make(configs[name], tools) for name, make in SETTINGS_FACTORIES.items() if is_on(configs, name))


def _profile_section(_config: MethodConfig, _tools: MethodTools) -> SettingsMethod:
    return ProfileSettings()


def _password_section(config: MethodConfig, tools: MethodTools) -> SettingsMethod:
    policy, breaches = _policy(config, tools)
    return PasswordSection(policy, breaches, tools.hasher)


def _password_login(config: MethodConfig, tools: MethodTools) -> LoginMethod:
    return PasswordLogin(tools.database, tools.hasher, _migration(config, tools))


def _migration(config: MethodConfig, tools: MethodTools) -> PasswordMigration | None:
    hook = _read(PasswordSettings, config).migrate_hook
    if not hook.enabled:
        return None
    path = f"{config.path}.config.migrate_hook.config"
    settings = migration_settings(config.config["migrate_hook"].get("config", {}), path)
    if isinstance(settings, WebHookSettings):
        return PasswordMigration(settings, tools.migration)
    raise MethodMisconfigured(_told(settings))


def _password(config: MethodConfig, tools: MethodTools) -> RegistrationMethod:
    policy, breaches = _policy(config, tools)
    return PasswordMethod(policy, breaches, tools.hasher)


def _policy(config: MethodConfig, tools: MethodTools) -> tuple[PolicySettings, BreachList]:
    settings = _read(PasswordSettings, config)
    # In development nobody should wait for, or tell anything to, a server on the internet unless it is asked for.
    is_enabled = settings.haveibeenpwned_enabled and (not tools.is_dev or "haveibeenpwned_enabled" in config.config)
    breaches = BreachSettings(
        is_enabled, settings.haveibeenpwned_host, settings.max_breaches, settings.ignore_network_errors
    )
    policy = policy_of(settings, tools.hashes.limit_bytes)
    return policy, BreachList(breaches, tools.sender)


def _totp_login(_config: MethodConfig, tools: MethodTools) -> LoginMethod:
    return TotpLogin(tools.vault, tools.clock)


def _lookup_login(_config: MethodConfig, tools: MethodTools) -> LoginMethod:
    return LookupLogin(tools.vault, tools.clock)


def _totp_section(config: MethodConfig, tools: MethodTools) -> SettingsMethod:
    issuer = _read(TotpSettings, config).issuer or tools.issuer
    return TotpSection(issuer, tools.schemas, tools.clock)


def _lookup_section(_config: MethodConfig, tools: MethodTools) -> SettingsMethod:
    return LookupSection(tools.vault)


def _code_login(config: MethodConfig, tools: MethodTools) -> LoginMethod:
    made = code_tools(config, tools)
    return CodeSecondFactor(made) if config.mfa_enabled else CodeLogin(made)


def code_tools(config: MethodConfig, tools: MethodTools) -> CodeTools:
    """What the methods that send codes share. Raises MethodMisconfigured."""
    settings = _read(CodeSettings, config)
    return CodeTools(
        tools.database, tools.identities, tools.codes, tools.clock, settings.missing_credential_fallback_enabled
    )


def _code(config: MethodConfig, tools: MethodTools) -> RegistrationMethod:
    return CodeRegistration(code_tools(config, tools), is_shown=config.passwordless_enabled)


LOGIN_FACTORIES: Mapping[str, LoginFactory] = {
    "code": _code_login,
    "password": _password_login,
    "totp": _totp_login,
    "lookup_secret": _lookup_login,
}
SETTINGS_FACTORIES: Mapping[str, SettingsFactory] = {
    "profile": _profile_section,
    "password": _password_section,
    "totp": _totp_section,
    "lookup_secret": _lookup_section,
}
FACTORIES: Mapping[str, Factory] = {"code": _code, "password": _password}


def _read(settings: type[S], config: MethodConfig) -> S:
    problems: list[Problem] = []
    read_settings = read(settings, config.config, f"{config.path}.config", problems)
    if problems:
        raise MethodMisconfigured(_told(problems))
    return read_settings


def _told(problems: Sequence[Problem]) -> str:
    return "; ".join(f"{each.path}: {each.text}" for each in problems)
