"""Puts the endpoints for sessions together: whoami and lists, signing out, the administrator's side."""

from starlette.routing import Route

from doorward.actions.sandbox import Sandbox
from doorward.actions.template import TemplateSource
from doorward.api.admin.session_bulk import SessionBulkApi
from doorward.api.admin.sessions import AdminSessionsApi, SessionHouse
from doorward.api.public.logout import LogoutApi, LogoutSettings
from doorward.api.public.sessions import SessionsApi, WhoamiCaching
from doorward.api.public.tokenizer import Tokenizer
from doorward.app.core import Core
from doorward.flows.session_ending import SessionEnding
from doorward.flows.settings import return_targets
from doorward.web.error_pages import ErrorPages
from doorward.web.site import Site


def session_ending(core: Core) -> SessionEnding:
    """The one way by which sessions end."""
    return SessionEnding(core.identities, core.sessions, core.clock)


def public_session_routes(core: Core, site: Site, errors: ErrorPages, sandbox: Sandbox) -> list[Route]:
    """Under /sessions and /self-service/logout."""
    config, ending = core.config, session_ending(core)
    flags, logout = config.feature_flags, config.selfservice.flows.logout
    tokenizer = Tokenizer(
        config.session.whoami.tokenizer.templates, site.base_url, sandbox, TemplateSource(core.egress, core.clock)
    )
    settings = LogoutSettings(
        return_targets(config),
        logout.after.default_browser_return_url,
        logout.clear_browser_data,
        config.clients.web_hook.header_allowlist,
    )
    caching = WhoamiCaching(flags.cacheable_sessions, flags.cacheable_sessions_max_age)
    return [
        *SessionsApi(site, caching, ending, tokenizer).routes(),
        *LogoutApi(site, ending, errors, settings).routes(),
    ]


def admin_session_routes(core: Core, site: Site) -> list[Route]:
    """Under /admin/sessions and /admin/identities/{id}/sessions. After the routes that send on to the public port."""
    house = SessionHouse(
        core.database,
        session_ending(core),
        core.clock,
        site.base_url,
        is_extend_quick=core.config.feature_flags.faster_session_extend,
    )
    return [*AdminSessionsApi(house).routes(), *SessionBulkApi(house).routes()]
