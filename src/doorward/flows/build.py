"""Puts the engine together from its parts; who makes the parts is the composition root's business."""

from collections.abc import Sequence
from dataclasses import dataclass

from doorward.clock import Clock
from doorward.config.model import Config
from doorward.flows.changed_address import ChangeTools
from doorward.flows.codes import OneTimeCodes
from doorward.flows.codes_links import OneTimeLinks
from doorward.flows.codes_sender import CodeSender, Queue
from doorward.flows.continuity import Continuity, Sealer
from doorward.flows.contract import FlowRules, HookSource, HookTable, RegistrationMethod, SettledWaiter
from doorward.flows.engine import FlowEngine
from doorward.flows.fresh import FlowMaker
from doorward.flows.login import LoginParts, LoginRules
from doorward.flows.login_contract import LoginMethod
from doorward.flows.messages import Catalogue
from doorward.flows.pending_changes import PendingChanges
from doorward.flows.recovery import RecoveryRules
from doorward.flows.recovery_settings import RecoveryTools
from doorward.flows.registration import RegistrationRules
from doorward.flows.registration_plan import Writers
from doorward.flows.run_hooks import HookRunner
from doorward.flows.settings import (
    access_settings,
    code_limits,
    link_lifespan,
    login_settings,
    message_limits,
    recovery_settings,
    registration_settings,
    settings_settings,
    throttle_limits,
    verification_settings,
)
from doorward.flows.settings_access import SettingsAccess
from doorward.flows.settings_contract import SettingsMethod
from doorward.flows.settings_effects import EffectTools
from doorward.flows.settings_flow import SettingsParts, SettingsRules
from doorward.flows.settings_form import SettingsForms
from doorward.flows.settings_pending import PendingTools
from doorward.flows.settings_plan import SettingsWriters
from doorward.flows.settings_veil import Veil
from doorward.flows.throttle import Throttle
from doorward.flows.throttle_gate import Gate
from doorward.flows.throttle_messages import MessageThrottle
from doorward.flows.throttle_tally import Tally
from doorward.flows.verification import Verifications
from doorward.flows.verification_rules import ProofParts, VerificationRules
from doorward.flows.words_en import ENGLISH
from doorward.identities.service import IdentityService
from doorward.sessions.service import SessionService
from doorward.storage.contract import Database


@dataclass(frozen=True, slots=True)
class FlowParts:
    """What flows are given: `table` says which hooks run, `hooks` makes them, `waiter` is the outbox's."""

    database: Database
    identities: IdentityService
    sessions: SessionService
    registration_methods: Sequence[RegistrationMethod]
    login_methods: Sequence[LoginMethod]
    table: HookTable
    hooks: HookSource
    waiter: SettledWaiter
    clock: Clock
    sender: CodeSender
    settings_methods: Sequence[SettingsMethod]
    sealer: Sealer
    veil: Veil


def build_sender(config: Config, courier: Queue, clock: Clock) -> CodeSender:
    """Who makes codes and links and has them sent; methods and flows share it."""
    keys = [secret.reveal() for secret in config.secrets.for_cipher()]
    codes = OneTimeCodes(code_limits(config), keys, clock)
    links, limits = OneTimeLinks(link_lifespan(config), clock), message_limits(config)
    throttle = MessageThrottle(limits, Tally(limits.window, keys, clock))
    return CodeSender(codes, links, courier, throttle, clock, config.serve.public.base_url)


def build_engine(config: Config, parts: FlowParts) -> FlowEngine:
    """The engine of one configuration."""
    catalogue = Catalogue(ENGLISH)
    base_url = config.serve.public.base_url
    maker = FlowMaker(base_url, parts.clock)
    proving = verification_settings(config)
    writers = Writers(
        identities=parts.identities,
        sessions=parts.sessions,
        verifications=Verifications(proving, maker, parts.sender, catalogue),
        waiter=parts.waiter,
        clock=parts.clock,
        base_url=base_url,
    )
    runner = HookRunner(parts.table, parts.hooks)
    registration = RegistrationRules(
        registration_settings(config), parts.registration_methods, runner, writers, catalogue, parts.clock
    )
    keys = [secret.reveal() for secret in config.secrets.for_cipher()]
    limits = throttle_limits(config)
    throttle = Throttle(parts.database, limits, Tally(limits.window, keys, parts.clock), Gate())
    login = LoginRules(
        login_settings(config),
        parts.login_methods,
        LoginParts(
            parts.database,
            parts.identities,
            parts.sessions,
            runner,
            writers.verifications,
            catalogue,
            parts.clock,
            throttle,
        ),
    )
    proof_parts = ProofParts(
        database=parts.database,
        identities=parts.identities,
        sender=parts.sender,
        hooks=runner,
        catalogue=catalogue,
        maker=maker,
        clock=parts.clock,
        base_url=base_url,
        changes=ChangeTools(
            database=parts.database,
            changes=PendingChanges(parts.sealer, parts.clock),
            hooks=runner,
            effects=effect_tools(config, parts, writers),
            waiter=parts.waiter,
            clock=parts.clock,
            base_url=base_url,
            header_allowlist=config.clients.web_hook.header_allowlist,
        ),
    )
    verification = VerificationRules(proving, proof_parts)
    settings = build_settings(config, parts, writers, maker, runner, catalogue)
    recovery = build_recovery(config, parts, maker, runner, catalogue)
    every: list[FlowRules] = [registration, login, verification, settings, recovery]
    return FlowEngine(parts.database, every, catalogue, parts.clock, base_url)


def build_recovery(
    config: Config, parts: FlowParts, maker: FlowMaker, hooks: HookRunner, catalogue: Catalogue
) -> RecoveryRules:
    """The rules of getting back in."""
    settings = recovery_settings(config)
    tools = RecoveryTools(
        settings=settings,
        database=parts.database,
        identities=parts.identities,
        sessions=parts.sessions,
        sender=parts.sender,
        hooks=hooks,
        catalogue=catalogue,
        maker=maker,
        forms=build_forms(config, parts, maker),
        clock=parts.clock,
        base_url=config.serve.public.base_url,
    )
    return RecoveryRules(settings, tools)


def effect_tools(config: Config, parts: FlowParts, writers: Writers) -> EffectTools:
    """Who carries out what hooks want done with a change of settings."""
    tells_all = config.feature_flags.legacy_continue_with_verification_ui
    return EffectTools(parts.sessions, writers.verifications, parts.sender, tells_all)


def build_forms(config: Config, parts: FlowParts, maker: FlowMaker) -> SettingsForms:
    """Who makes settings forms; recovery ends in one."""
    kind = settings_settings(config).kind
    return SettingsForms(kind, parts.settings_methods, parts.identities.schemas, maker, parts.veil)


def build_settings(
    config: Config, parts: FlowParts, writers: Writers, maker: FlowMaker, hooks: HookRunner, catalogue: Catalogue
) -> SettingsRules:
    """The rules of changing one's own account."""
    settings_writers = SettingsWriters(
        identities=parts.identities,
        sessions=parts.sessions,
        verifications=writers.verifications,
        continuity=Continuity(parts.sealer, parts.clock),
        forms=build_forms(config, parts, maker),
        waiter=parts.waiter,
        clock=parts.clock,
        effects=effect_tools(config, parts, writers),
        pending=PendingTools(PendingChanges(parts.sealer, parts.clock), writers.verifications, parts.sender),
    )
    access = SettingsAccess(access_settings(config), parts.database, parts.clock)
    return SettingsRules(
        settings_settings(config),
        parts.settings_methods,
        SettingsParts(access, settings_writers, hooks, catalogue, parts.clock),
    )
