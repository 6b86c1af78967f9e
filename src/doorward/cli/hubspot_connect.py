"""`doorward hubspot connect`: checks the token, makes the portal ready, writes token, template and configuration."""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from doorward.app.core import Core, load_schemas, opened_core
from doorward.app.loading import Sources, plugins
from doorward.cli.output import say, warn
from doorward.clock import SystemClock
from doorward.config.load import DEFAULT_FILE, find_files, load
from doorward.config.model import Config
from doorward.config.problems import InvalidConfiguration
from doorward.config.secrets import Secret
from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.limits import Quota, read_quota
from doorward.connectors.hubspot.outcomes import with_step
from doorward.connectors.hubspot.settings import HubSpotSettings, parse_settings
from doorward.connectors.hubspot.setup import Prepared, prepare
from doorward.connectors.hubspot.setup_files import Plan, Written, fingerprint, write_files
from doorward.connectors.hubspot.setup_template import first_template
from doorward.connectors.hubspot.transport import CallRefused, Transport
from doorward.connectors.hubspot.wire import BATCH_LIMIT, KEY_PROPERTY, Paths
from doorward.delivery.pauses import Paused, list_pauses, resume
from doorward.errors import DoorwardError, InvalidInput, Misconfigured
from doorward.identities.schema import IdentitySchema
from doorward.security.egress import Egress
from doorward.security.egress_policy import EgressPolicy
from doorward.storage.contract import Transaction

LIVE_TOKEN_VARIABLE = "HUBSPOT_TOKEN"  # noqa: S105 - the variable's name
RESUME_LOOKS = 6
RESUME_PAUSE_S = 2.0
"""A running server looks at its configuration every second."""
BILLING = (
    "Contacts made by an integration are non-marketing contacts: they cost nothing extra until somebody in HubSpot "
    "(a person, a workflow, an import) makes them marketing contacts. Doorward never does."
)


class PortalRefuses(Misconfigured):
    """HubSpot refused a call that is needed to connect."""


class NoReason(InvalidInput):
    """An action that sends people's data needs a consent or a basis."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line."""

    destination: str
    base_url: str
    api_version: str
    portal_id: str | None
    consent: str | None
    basis: str | None
    why: str | None
    sources: Sources


@dataclass(frozen=True, slots=True)
class Connected:
    """What was found and done."""

    plan: Plan
    prepared: Prepared
    written: Written
    quota: Quota | None
    resumed: tuple[str, ...]


@dataclass(slots=True)
class Listening:
    """An allowance that refuses nothing and remembers the newest quota."""

    quota: Quota | None = field(default=None)

    async def admit(self) -> float:
        return 0.0

    async def learn(self, headers: Mapping[str, str]) -> None:
        quota = read_quota(headers)
        if quota.calls is not None:
            self.quota = quota


def read_token(token_file: Path | None, variable: str | None) -> Secret:
    """From a file, the environment or a hidden prompt; never from the command line, where every user could see it."""
    if token_file is not None:
        try:
            text = token_file.read_text()
            mode = stat.S_IMODE(token_file.stat().st_mode)
        except (OSError, UnicodeDecodeError) as failure:
            raise InvalidInput(f"The token cannot be read from {token_file}.") from failure
        if mode & 0o077:
            warn(f"Others can read {token_file} (mode {mode:04o}). Delete it once this command is done.")
        return Secret(text.strip())
    name = variable or LIVE_TOKEN_VARIABLE
    if os.environ.get(name):
        return Secret(os.environ[name].strip())
    if variable is not None:
        raise InvalidInput(f"The environment variable {variable} is not set.")
    if not sys.stdin.isatty():
        raise InvalidInput(f"There is nobody to ask for the token: use --token-file, or set {LIVE_TOKEN_VARIABLE}.")
    return Secret(click.prompt("HubSpot service key or private-app token", hide_input=True, err=True).strip())


async def connect(request: Request, token: Secret) -> Connected:
    """Everything that the command does. Raises DoorwardErrors; may be repeated after any of them."""
    settings = _settings(request, token)
    files = find_files(request.sources, os.environ)
    loaded = load(files, os.environ, {"dev": True} if request.sources.is_dev else {}, plugins())
    if not loaded.config.identity.schemas:
        # Everything else that is wrong may be what this command mends; without a schema it can do nothing.
        raise InvalidConfiguration(loaded.errors)
    listening = Listening()
    async with opened_client(settings, listening) as (client, egress):
        schema = await _default_schema(loaded.config, egress)
        reason = _reason(request, schema)
        purposes = _purposes(schema, reason)
        prepared = await _prepared(client, request.portal_id, purposes)
    plan = Plan(
        config_file=files[-1] if files else Path(DEFAULT_FILE),
        destination=request.destination,
        portal_id=prepared.account.portal_id,
        base_url=settings.base_url,
        api_version=settings.api_version,
        token_id=fingerprint(token),
        reason=reason,
        template=first_template(schema.fields),
        is_dev=request.sources.is_dev,
    )
    written = write_files(plan, token)
    resumed = await _resume(request) if written.block is None else ()
    return Connected(plan, prepared, written, listening.quota, resumed)


@asynccontextmanager
async def opened_client(settings: HubSpotSettings, allowance: Listening) -> AsyncIterator[tuple[HubSpotClient, Egress]]:
    """A client for a command, outside the shared budget."""
    egress = Egress(EgressPolicy())
    await egress.start()
    try:
        transport = Transport(egress, settings.base_url, settings.token, SystemClock(), lambda: 3600.0)
        yield HubSpotClient(transport, Paths(settings.api_version), allowance), egress
    finally:
        await egress.close()


async def _prepared(client: HubSpotClient, portal_id: str | None, purposes: Sequence[str]) -> Prepared:
    try:
        return await prepare(client, portal_id, purposes)
    except CallRefused as refused:
        raise PortalRefuses(with_step(refused.problem)) from None


async def _resume(request: Request) -> tuple[str, ...]:
    """Ends the pauses that a working connection ends: of the destination and of its actions. Names what went on.

    A server that has not read the new token yet pauses again at once, so it is looked at again. Without a database
    yet (or with one that lives in the server) nothing can be paused.
    """
    resumed: dict[str, None] = {}
    try:
        async with opened_core(request.sources) as core:
            for _ in range(RESUME_LOOKS):
                resting = await _resting(core, request.destination)
                if not resting:
                    break
                await core.database.transaction(partial(_end, resting, core.clock.now()))
                resumed |= dict.fromkeys(f"{each.scope} {each.name}" for each in resting)
                await asyncio.sleep(RESUME_PAUSE_S)
    except DoorwardError:
        return tuple(resumed)
    return tuple(resumed)


async def _resting(core: Core, destination: str) -> list[Paused]:
    actions = {each.name for each in core.table.list_actions() if each.destination == destination}
    return [
        each
        for each in await list_pauses(core.database.reader, core.clock.now())
        if each.name in ({destination} if each.scope == "destination" else actions)
    ]


async def _end(resting: Sequence[Paused], now: datetime, tx: Transaction) -> None:
    for each in resting:
        await resume(tx, each.scope, each.name, now)


def _settings(request: Request, token: Secret) -> HubSpotSettings:
    raw = {
        "token": token,
        "base_url": request.base_url,
        "api_version": request.api_version,
        "portal_id": request.portal_id,
    }
    settings = parse_settings(raw, "--")
    if isinstance(settings, HubSpotSettings):
        return settings
    flaws = "; ".join(f"{path.removeprefix('--.').replace('_', '-')} {text}" for path, text in settings)
    raise InvalidInput(flaws)


async def _default_schema(config: Config, egress: Egress) -> IdentitySchema:
    registry = await load_schemas(config, egress)
    return registry.get_schema(registry.default_id)


def _reason(request: Request, schema: IdentitySchema) -> dict[str, str]:
    """Consent by default: the one that was named, or the only one that the identity schema asks for."""
    if request.basis:
        if not request.why:
            raise NoReason("A basis needs its reason: --why 'one sentence that you could show the person'.")
        return {"basis": request.basis, "why": request.why}
    declared = sorted({consent.purpose for consent in schema.consents})
    if request.consent:
        if request.consent not in declared:
            known = ", ".join(declared) or "none"
            raise NoReason(f"The identity schema asks for no consent to {request.consent!r}; it knows: {known}.")
        return {"consent": request.consent}
    if len(declared) == 1:
        return {"consent": declared[0]}
    if declared:
        raise NoReason(f"Which consent must a person have given? --consent {' or --consent '.join(declared)}.")
    raise NoReason(
        "The identity schema asks for no consent. Add one to a boolean trait "
        '("doorward": {"consent": {"purpose": "marketing", "version": "1"}}), or name another ground: '
        "--basis contract --why '…', or --basis legitimate_interest --why '…'."
    )


def _purposes(schema: IdentitySchema, reason: Mapping[str, str]) -> Sequence[str]:
    found = {consent.purpose for consent in schema.consents}
    return sorted(found | ({reason["consent"]} if "consent" in reason else set()))


def connected_json(done: Connected) -> dict[str, Any]:
    """The result for programs; keys are only ever added."""
    plan, prepared, quota = done.plan, done.prepared, done.quota
    return {
        "destination": plan.destination,
        "portal_id": plan.portal_id,
        "account_type": prepared.account.account_type,
        "hosting": prepared.account.hosting,
        "time_zone": prepared.account.time_zone,
        "scopes": {scope.name: scope.is_granted for scope in prepared.scopes},
        "properties": {"made": prepared.made, "kept": prepared.kept, "missing": prepared.missing},
        "plan": None if quota is None else {"calls": quota.calls, "interval_s": quota.interval_s, "daily": quota.daily},
        "token_file": str(plan.token_file),
        "template": str(plan.template_file),
        "config": str(plan.config_file),
        "config_written": done.written.block is None,
        "block": done.written.block,
        "resumed": done.resumed,
    }


def tell(done: Connected) -> None:
    """What was done, for people."""
    plan, prepared, written = done.plan, done.prepared, done.written
    account = prepared.account
    say(f"Connected to HubSpot account {account.portal_id} ({account.account_type}, hosted in {account.hosting}).")
    for scope in prepared.scopes:
        mark = {True: "granted", False: "missing", None: "not tried"}[scope.is_granted]
        say(f"  scope {scope.name}: {mark} ({scope.why})")
    for label, names in (("made", prepared.made), ("already there", prepared.kept), ("NOT made", prepared.missing)):
        if names:
            say(f"  properties {label}: {', '.join(names)}")
    if any(name != KEY_PROPERTY for name in prepared.missing):
        warn("Without its consent property a contact cannot show a withdrawal. Grant crm.schemas.contacts.write.")
    say(f"  token: {plan.token_file} (mode 0600)")
    say(f"  template: {plan.template_file}{'' if written.is_template_new else ' (yours, left as it is)'}")
    if written.block is None:
        say(f"  configuration: {plan.config_file}: destinations.{plan.destination} and its actions")
        say("A running server takes it up by itself within seconds.")
    else:
        warn(f"The configuration was not changed: {written.why_not}")
        say("Paste this into it:\n")
        say(written.block)
    if done.resumed:
        say(f"Goes on again: {', '.join(done.resumed)}.")
    if "consent" in plan.reason:
        say(f"Sent are people who consent to {plan.reason['consent']!r}; everybody else is skipped, with the reason.")
    _tell_plan(done.quota)
    say(BILLING)


def _tell_plan(quota: Quota | None) -> None:
    if quota is None or quota.calls is None:
        return
    contacts = quota.calls / quota.interval_s * BATCH_LIMIT
    daily = "" if quota.daily is None else f", {quota.daily:,} a day for the whole account"
    say(
        f"The plan allows {quota.calls} calls in {quota.interval_s:g} s{daily}. "
        f"One call carries {BATCH_LIMIT} contacts: up to {contacts:,.0f} contacts a second."
    )
