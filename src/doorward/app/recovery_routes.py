"""Puts the admin endpoints for recovery together."""

from starlette.routing import Route

from doorward.api.admin.recovery import RecoveryApi, RecoveryMethods
from doorward.app.core import Core
from doorward.flows.build import build_sender
from doorward.flows.fresh import FlowMaker
from doorward.flows.messages import Catalogue
from doorward.flows.recovery_admin import RecoveryAdmin
from doorward.flows.settings import recovery_settings
from doorward.flows.words_en import ENGLISH


def admin_recovery_routes(core: Core) -> list[Route]:
    """Under /admin/recovery."""
    config = core.config
    is_enabled = config.selfservice.flows.recovery.enabled
    methods = config.selfservice.methods
    admin = RecoveryAdmin(
        recovery_settings(config),
        core.database,
        build_sender(config, core.courier, core.clock),
        Catalogue(ENGLISH),
        FlowMaker(core.base_url, core.clock),
    )
    switches = RecoveryMethods(is_enabled and methods["code"].enabled, is_enabled and methods["link"].enabled)
    return RecoveryApi(admin, switches).routes()
