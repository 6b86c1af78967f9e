"""Puts the engine together from its parts; who makes the parts is the composition root's business."""

from collections.abc import Sequence
from dataclasses import dataclass

from doorward.clock import Clock
from doorward.config.model import Config
from doorward.flows.contract import HookSource, HookTable, RegistrationMethod, SettledWaiter
from doorward.flows.engine import FlowEngine
from doorward.flows.login import LoginParts, LoginRules
from doorward.flows.login_contract import LoginMethod
from doorward.flows.messages import Catalogue
from doorward.flows.registration import RegistrationRules
from doorward.flows.registration_plan import Writers
from doorward.flows.run_hooks import HookRunner
from doorward.flows.settings import login_settings, registration_settings, verification_settings
from doorward.flows.verification import Verifications
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


def build_engine(config: Config, parts: FlowParts) -> FlowEngine:
    """The engine of one configuration."""
    catalogue = Catalogue(ENGLISH)
    base_url = config.serve.public.base_url
    writers = Writers(
        identities=parts.identities,
        sessions=parts.sessions,
        verifications=Verifications(verification_settings(config)),
        waiter=parts.waiter,
        clock=parts.clock,
        base_url=base_url,
    )
    runner = HookRunner(parts.table, parts.hooks)
    registration = RegistrationRules(
        registration_settings(config), parts.registration_methods, runner, writers, catalogue, parts.clock
    )
    login = LoginRules(
        login_settings(config),
        parts.login_methods,
        LoginParts(parts.database, parts.identities, parts.sessions, runner, catalogue, parts.clock),
    )
    return FlowEngine(parts.database, [registration, login], catalogue, parts.clock, base_url)
