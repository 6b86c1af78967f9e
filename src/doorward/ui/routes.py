"""All routes under /ui/, put together from an installation's configuration."""

from collections.abc import Iterable

from starlette.routing import Route

from doorward.actions.model import Action
from doorward.config.model import Config
from doorward.courier.mailbox import Mailbox
from doorward.flows.engine import FlowEngine
from doorward.flows.model import FlowKind
from doorward.ui.flow_pages import FlowPages, FlowPageSettings
from doorward.ui.mailbox import MailboxPage
from doorward.ui.pages import PageSettings, SelfServicePages
from doorward.ui.pieces import PiecesPage
from doorward.ui.render import Pages
from doorward.ui.static_files import StaticFiles
from doorward.web.page_headers import page_headers
from doorward.web.site import Site

PASSWORD_LENGTH_MIN = 8


def ui_routes(config: Config, site: Site, engine: FlowEngine, actions: Iterable[Action]) -> list[Route]:
    """Pages and files; in development /ui/pieces and /ui/mailbox. `actions` tell which agreements have consequences."""
    static = StaticFiles()
    pages = Pages(static, page_headers(site.base_url, return_addresses(config)))
    announced = frozenset(action.consent for action in actions if action.consent and action.when == "registered")
    kinds = open_kinds(config)
    flows = FlowPages(site, engine, pages, FlowPageSettings(_password_length_min(config), kinds))
    entrance = "ui/registration" if FlowKind.REGISTRATION in kinds else "ui/login"
    settings = PageSettings(config.selfservice.flows.settings.ui_url, announced, entrance)
    routes = [*SelfServicePages(site, flows, pages, settings).routes(), *static.routes()]
    if not config.dev:
        return routes
    return [*routes, *PiecesPage(pages).routes(), *MailboxPage(pages, Mailbox(site.database, site.clock)).routes()]


def open_kinds(config: Config) -> frozenset[FlowKind]:
    """The flows that this installation lets people start."""
    flows = config.selfservice.flows
    switches = {
        FlowKind.REGISTRATION: flows.registration.enabled,
        FlowKind.RECOVERY: flows.recovery.enabled,
        FlowKind.VERIFICATION: flows.verification.enabled,
    }
    return frozenset(kind for kind in FlowKind if switches.get(kind, True))


def return_addresses(config: Config) -> list[str]:
    """Every address that a form may lead to."""
    selfservice, flows = config.selfservice, config.selfservice.flows
    urls: list[str | None] = [selfservice.default_browser_return_url, flows.error.ui_url]
    urls += selfservice.allowed_return_urls
    for flow in (flows.registration, flows.login, flows.settings, flows.recovery, flows.verification):
        own = flow.after.methods.values()
        urls += [flow.ui_url, flow.after.default_browser_return_url, *(each.default_browser_return_url for each in own)]
    return [url for url in urls if url]


def _password_length_min(config: Config) -> int:
    method = config.selfservice.methods.get("password")
    told = method.config.get("min_password_length") if method else None
    return told if isinstance(told, int) else PASSWORD_LENGTH_MIN
