"""Puts the public and the admin application together from a core."""

import hashlib
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from ipaddress import ip_network
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from doorward.actions.sandbox import Sandbox
from doorward.actions.template import TemplateSource
from doorward.api.admin.courier import CourierApi
from doorward.api.admin.meta import AdminMetaApi
from doorward.api.admin.other_port import PublicElsewhere
from doorward.api.openapi import openapi_document
from doorward.api.public.callbacks import CallbacksApi
from doorward.api.public.errors import ErrorsApi
from doorward.api.public.flow_results import FlowResults
from doorward.api.public.flows import FlowEndpoints
from doorward.api.public.meta import DescriptionApi, HealthApi
from doorward.api.public.other_port import AdminElsewhere
from doorward.api.public.schemas import SchemasApi
from doorward.app.contacts import Contacts
from doorward.app.core import Core, hash_settings, is_memory
from doorward.app.identity_routes import admin_identity_routes
from doorward.app.recovery_routes import admin_recovery_routes
from doorward.app.session_routes import admin_session_routes, public_session_routes
from doorward.flows.build import FlowParts, build_engine, build_sender
from doorward.flows.contract import SettledWaiter
from doorward.flows.engine import FlowEngine
from doorward.flows.login_contract import LoginMethod
from doorward.flows.model import FlowKind
from doorward.flows.settings_veil import Veil
from doorward.hooks.background import Background
from doorward.hooks.registry import flow_hooks
from doorward.hooks.web_hook import WebHookTools
from doorward.methods.password_migration import MigrationTools
from doorward.methods.registry import (
    MethodTools,
    login_methods,
    registration_methods,
    settings_methods,
    with_identifier_first,
)
from doorward.methods.switched_off import login_off, registration_off, settings_off
from doorward.observability.logging import Log
from doorward.ui.console.routes import console_routes
from doorward.ui.routes import ui_routes
from doorward.web.cookies import make_cookies
from doorward.web.error_pages import ErrorPages
from doorward.web.middleware import admin_stack, public_stack
from doorward.web.site import Site


def make_engine(core: Core, sandbox: Sandbox, waiter: SettledWaiter, background: Background) -> FlowEngine:
    """The flow engine with its methods and hooks. Raises Misconfigured kinds with the place in the configuration."""
    tools = WebHookTools(
        core.egress, sandbox, TemplateSource(core.egress, core.clock), Log("hooks"), background, clock=core.clock
    )
    configured = core.config.selfservice.methods
    codes = build_sender(core.config, core.courier, core.clock)
    method_tools = MethodTools(
        hasher=core.passwords,
        hashes=hash_settings(core.config),
        sender=core.egress,
        database=core.database,
        schemas=core.schemas,
        vault=core.vault,
        clock=core.clock,
        identities=core.identities,
        codes=codes,
        migration=MigrationTools(
            core.egress,
            sandbox,
            tools.templates,
            Log("methods"),
            core.clock,
            core.base_url,
            core.config.clients.web_hook.header_allowlist,
        ),
        issuer=urlsplit(core.base_url).hostname or core.base_url,
        is_dev=core.config.dev,
    )
    parts = FlowParts(
        database=core.database,
        identities=core.identities,
        sessions=core.sessions,
        registration_methods=(*registration_methods(configured, method_tools), *registration_off(configured)),
        login_methods=_ways_in(core, method_tools),
        settings_methods=(*settings_methods(configured, method_tools), *settings_off(configured)),
        sealer=core.keys,
        veil=Veil(secret.reveal() for secret in core.config.secrets.for_cipher()),
        table=core.table,
        hooks=flow_hooks(core.table, tools, core.config.feature_flags),
        waiter=waiter,
        clock=core.clock,
        sender=codes,
    )
    return build_engine(core.config, parts)


def _ways_in(core: Core, tools: MethodTools) -> tuple[LoginMethod, ...]:
    """In one step, or behind the step that asks who it is."""
    selfservice = core.config.selfservice
    methods = (*login_methods(selfservice.methods, tools), *login_off(selfservice.methods))
    if selfservice.flows.login.style != "identifier_first":
        return methods
    return with_identifier_first(methods, tools, is_mitigated=core.config.security.account_enumeration.mitigate)


def make_site(core: Core) -> Site:
    """What the edges of the public port share."""
    serve = core.config.serve
    return Site(
        base_url=serve.public.base_url.rstrip("/") + "/",
        admin_url=serve.admin.base_url.rstrip("/") + "/",
        error_page_url=core.config.selfservice.flows.error.ui_url,
        is_dev=core.config.dev,
        cookies=make_cookies(core.config, core.cookies),
        sessions=core.sessions,
        database=core.database,
        clock=core.clock,
        required_aal=core.config.session.whoami.required_aal,
        is_code_factor=core.config.selfservice.methods["code"].mfa_enabled,
        proxies=tuple(ip_network(each) for each in serve.public.trusted_proxies),
    )


def public_app(core: Core, engine: FlowEngine, site: Site, sandbox: Sandbox) -> ASGIApp:
    """The port that people reach."""
    errors = ErrorPages(core.database, core.clock, site.error_page_url)
    results = FlowResults(core.metrics)
    routes = [
        *FlowEndpoints(FlowKind.REGISTRATION, engine, site, errors, results).routes(),
        *FlowEndpoints(FlowKind.LOGIN, engine, site, errors, results).routes(),
        *FlowEndpoints(FlowKind.SETTINGS, engine, site, errors, results).routes(),
        *FlowEndpoints(FlowKind.VERIFICATION, engine, site, errors, results).routes(),
        *FlowEndpoints(FlowKind.RECOVERY, engine, site, errors, results).routes(),
        *public_session_routes(core, site, errors, sandbox),
        *SchemasApi(core.schemas).routes(),
        *ErrorsApi(site).routes(),
        *CallbacksApi(errors).routes(),
        *HealthApi(core.database).routes(),
        *AdminElsewhere(site.admin_url).routes(),
        *ui_routes(core.config, site, engine, core.table.list_actions()),
    ]
    described = openapi_document("Doorward, public port", version("doorward"), site.base_url, routes)
    every = [*routes, *DescriptionApi(described).routes()]
    return public_stack(
        every,
        core.config.serve.public,
        site.cookies,
        core.metrics,
        is_line_full=lambda: core.passwords.is_full,
        is_any_star_honoured=core.config.feature_flags.legacy_allow_insecure_origins,
    )


def admin_app(core: Core, site: Site, show_metrics: Callable[[], Awaitable[bytes]]) -> ASGIApp:
    """The operator's port."""
    routes = [
        *HealthApi(core.database, ("", "/admin")).routes(),
        *admin_identity_routes(core),
        *admin_recovery_routes(core),
        *AdminMetaApi(version("doorward"), revision_of(core), show_metrics).routes(),
        *PublicElsewhere(site.base_url).routes(),
        *admin_session_routes(core, site),
        *CourierApi(core.database, is_dev=core.config.dev).routes(),
        *console_routes(
            core.config,
            core.database,
            core.clock,
            core.cookies,
            core.table,
            Contacts(core),
            core.config_paths,
            is_reachable=not is_memory(core.config),
        ),
    ]
    described = openapi_document("Doorward, admin port", version("doorward"), site.admin_url, routes)
    return admin_stack([*routes, *DescriptionApi(described).routes()], core.config.serve.admin, core.metrics)


def revision_of(core: Core) -> str:
    """What /health/config shows: the operator's own name for this state of the files, else a digest of them."""
    if core.config.revision:
        return core.config.revision
    digest = hashlib.sha256()
    for path in core.config_paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
