"""Puts the admin endpoints for identities together."""

from starlette.routing import Route

from doorward.api.admin.identities import IdentitiesApi
from doorward.api.admin.identity_batch import IdentityBatchApi
from doorward.api.admin.identity_changes import IdentityChangesApi
from doorward.api.admin.identity_credentials import IdentityCredentialsApi
from doorward.api.admin.identity_house import IdentityHouse
from doorward.api.admin.identity_lists import IdentityListsApi
from doorward.app.core import Core


def admin_identity_routes(core: Core) -> list[Route]:
    """Under /admin/identities."""
    serve = core.config.serve
    house = IdentityHouse(
        core.database,
        core.identities,
        core.passwords,
        core.clock,
        public_url=serve.public.base_url.rstrip("/") + "/",
        admin_url=serve.admin.base_url.rstrip("/") + "/",
        is_code_first=core.config.selfservice.methods["code"].passwordless_enabled,
    )
    return [
        *IdentitiesApi(house).routes(),
        *IdentityListsApi(house).routes(),
        *IdentityBatchApi(house).routes(),
        *IdentityChangesApi(house).routes(),
        *IdentityCredentialsApi(house).routes(),
    ]
