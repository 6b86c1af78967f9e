"""All routes under /console/, put together from an installation's configuration."""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.clock import Clock
from doorward.config.model import Config
from doorward.config.model_serve import AdminServe
from doorward.config.rules import is_loopback
from doorward.delivery.admission import Actions
from doorward.errors import NotFound
from doorward.security.tokens import CookieSealer
from doorward.storage.contract import Database
from doorward.ui.console.commands import Commands
from doorward.ui.console.deliveries import DeliveriesScreen
from doorward.ui.console.delivery import DeliveryScreen
from doorward.ui.console.destinations import DestinationsScreen
from doorward.ui.console.door import Door, Entry, Guest
from doorward.ui.console.house import Contacts, House
from doorward.ui.console.overview import OverviewScreen
from doorward.ui.console.pages import ConsolePages
from doorward.ui.console.people import PeopleScreens
from doorward.ui.console.pieces import PiecesScreen
from doorward.ui.console.sign_in import ConsoleCookie, SignInPages
from doorward.ui.console.sign_ins import SignIns
from doorward.ui.console.wrong_keys import WrongKeys
from doorward.ui.render import Pages
from doorward.ui.static_files import StaticFiles
from doorward.web.page_headers import page_headers

STATIC = "/console/static"


def console_routes(
    config: Config,
    database: Database,
    clock: Clock,
    sealer: CookieSealer,
    actions: Actions,
    contacts: Contacts,
    paths: tuple[Path, ...] = (),
    *,
    is_reachable: bool = True,
) -> list[Route]:
    """Screens and their files; /console/pieces in development.

    `paths` are the configuration's files; `is_reachable`: commands can open the database, too.
    """
    admin = config.serve.admin
    keys = [key.reveal() for key in admin.api_keys]
    entry = entry_of(admin, is_dev=config.dev)
    static = StaticFiles(STATIC)
    commands = Commands(paths, config.dev, is_reachable)
    pages = ConsolePages(
        Pages(static, page_headers(admin.base_url, ())),
        clock,
        is_unlocked=entry is Entry.OPEN,
        is_reachable=is_reachable,
    )
    cookie = ConsoleCookie(cookie_name(admin.base_url), urlsplit(admin.base_url).scheme == "https")
    sign_ins = SignIns(database, clock, sealer, keys, cookie.name)
    door = Door(entry, sign_ins, pages, cookie.name)
    house = House(
        database=database,
        clock=clock,
        actions=actions,
        contacts=contacts,
        commands=commands,
        connectors={name: each.connector for name, each in config.destinations.items()},
        waits_long=config.alerts.waiting_longer_than,
        public_url=config.serve.public.base_url.rstrip("/") + "/",
    )
    return [
        *SignInPages(door, sign_ins, WrongKeys(clock), pages, cookie).routes(),
        *OverviewScreen(house, door, pages).routes(),
        *DeliveriesScreen(house, door, pages).routes(),
        *DeliveryScreen(house, door, pages).routes(),
        *PeopleScreens(house, door, pages).routes(),
        *DestinationsScreen(house, door, pages).routes(),
        *(PiecesScreen(door, pages, clock).routes() if config.dev else ()),
        *static.routes(),
        Route("/console/{rest:path}", door.guarded(_nothing), include_in_schema=False),
    ]


async def _nothing(_request: Request, _guest: Guest) -> Response:
    raise NotFound("The console has no such page.")


def entry_of(admin: AdminServe, *, is_dev: bool) -> Entry:
    """A key where there is one. Without, open in development alone and to this machine alone: as the admin API is then.

    `serve.admin.open` trusts whoever reaches the port with the API, where programs speak; it opens no page to browsers.
    """
    if admin.api_keys:
        return Entry.KEY
    return Entry.OPEN if is_dev and is_loopback(admin.host) and not admin.open else Entry.CLOSED


def cookie_name(base_url: str) -> str:
    """Of this installation: browsers send cookies to every port of a host."""
    return "doorward_console_" + hashlib.sha256(base_url.encode()).hexdigest()[:12]
