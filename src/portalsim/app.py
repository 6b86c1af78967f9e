"""Puts the simulator together: API at HubSpot's paths, control under `/_sim/`, pages for people."""

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from portalsim import account, lists, oauth, properties, subscriptions
from portalsim.admission import Admission
from portalsim.call import Operation
from portalsim.contacts import batch, merge, privacy, search, single
from portalsim.control import endpoints
from portalsim.gateway import Gateway
from portalsim.portal import Portal
from portalsim.routing import Table
from portalsim.ui.pages import Stopping
from portalsim.ui.pages import routes as page_routes

OPERATIONS: tuple[Operation, ...] = (
    *batch.OPERATIONS,
    *search.OPERATIONS,
    *merge.OPERATIONS,
    *privacy.OPERATIONS,
    *single.OPERATIONS,
    *properties.OPERATIONS,
    *lists.OPERATIONS,
    *subscriptions.OPERATIONS,
    *account.OPERATIONS,
    *oauth.OPERATIONS,
)


def build(portal: Portal, is_stopping: Stopping = lambda: False) -> Starlette:
    """The ASGI application. `is_stopping` ends the live streams when the server wants to leave."""
    gateway = Gateway(portal, Table(OPERATIONS), Admission(portal))
    routes: list[BaseRoute] = [*endpoints.routes(portal), *page_routes(portal, is_stopping), Mount("", gateway)]
    return Starlette(routes=routes)
