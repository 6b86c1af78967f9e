"""Ory's own Python client, unmodified, with sessions: lists, signing out, tokens, the administrator's side.

The client checks every answer against its own models.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ory_kratos_client.api.frontend_api import FrontendApi
from ory_kratos_client.api.identity_api import IdentityApi
from ory_kratos_client.api_client import ApiClient
from ory_kratos_client.configuration import Configuration
from ory_kratos_client.exceptions import ApiException
from ory_kratos_client.models.perform_native_logout_body import PerformNativeLogoutBody
from ory_kratos_client.models.session import Session
from ory_kratos_client.models.update_login_flow_body import UpdateLoginFlowBody
from ory_kratos_client.models.update_login_flow_with_password_method import UpdateLoginFlowWithPasswordMethod
from ory_kratos_client.models.update_registration_flow_body import UpdateRegistrationFlowBody
from ory_kratos_client.models.update_registration_flow_with_password_method import (
    UpdateRegistrationFlowWithPasswordMethod,
)

from running import PASSWORD, Server, running

pytestmark = pytest.mark.slow

KEY = {"kty": "oct", "alg": "HS256", "kid": "k", "k": base64.urlsafe_b64encode(b"x" * 32).decode().rstrip("=")}
CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
session: {{whoami: {{tokenizer: {{templates: {{shop: {{jwks_url: "file://{folder}/keys.json", ttl: 5m}}}}}}}}}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("ory")
    (folder / "keys.json").write_text(json.dumps({"keys": [KEY]}))
    server = Server(folder, CONFIG.format(folder=folder), "--dev")
    with running(server):
        yield server


@pytest.fixture
def api(server: Server) -> Iterator[FrontendApi]:
    with ApiClient(Configuration(host=server.public)) as client:
        yield FrontendApi(client)


@pytest.fixture
def admin(server: Server) -> Iterator[IdentityApi]:
    with ApiClient(Configuration(host=server.admin)) as client:
        yield IdentityApi(client)


def signed_up(api: FrontendApi, email: str) -> str:
    """The token of a new person's first session."""
    method = UpdateRegistrationFlowWithPasswordMethod(method="password", password=PASSWORD, traits={"email": email})
    flow = api.create_native_registration_flow()
    return str(api.update_registration_flow(flow.id, UpdateRegistrationFlowBody(method)).session_token)


def signed_in(api: FrontendApi, email: str) -> str:
    """The token of another session."""
    method = UpdateLoginFlowWithPasswordMethod(method="password", password=PASSWORD, identifier=email)
    flow = api.create_native_login_flow()
    return str(api.update_login_flow(flow.id, UpdateLoginFlowBody(method)).session_token)


def status_of(call: Any, *args: Any, **named: Any) -> int:
    """The status of what is refused."""
    with pytest.raises(ApiException) as refused:
        call(*args, **named)
    return int(refused.value.status)


def ids(sessions: list[Session]) -> list[str]:
    return [each.id for each in sessions]


def test_my_sessions(api: FrontendApi) -> None:
    first = signed_up(api, "ada@example.org")
    second, third = signed_in(api, "ada@example.org"), signed_in(api, "ada@example.org")
    own = [api.to_session(x_session_token=each).id for each in (second, third)]
    assert ids(api.list_my_sessions(x_session_token=first)) == own[::-1]
    api.disable_my_session(own[0], x_session_token=first)
    assert status_of(api.to_session, x_session_token=second) == 401
    assert ids(api.list_my_sessions(x_session_token=first)) == [own[1]]
    assert api.disable_my_other_sessions(x_session_token=first).count == 2
    assert status_of(api.to_session, x_session_token=third) == 401
    assert api.to_session(x_session_token=first).active


def test_an_app_signs_out(api: FrontendApi) -> None:
    token = signed_up(api, "grace@example.org")
    api.perform_native_logout(PerformNativeLogoutBody(session_token=token))
    assert status_of(api.to_session, x_session_token=token) == 401
    assert status_of(api.perform_native_logout, PerformNativeLogoutBody(session_token="x")) == 403


def test_a_session_as_a_token(api: FrontendApi) -> None:
    token = signed_up(api, "joan@example.org")
    session = api.to_session(x_session_token=token, tokenize_as="shop")
    claims = json.loads(base64.urlsafe_b64decode(str(session.tokenized).split(".")[1] + "=="))
    assert (claims["sid"], claims["exp"] - claims["iat"]) == (session.id, 300)
    assert session.identity is not None
    assert claims["sub"] == session.identity.id
    assert status_of(api.to_session, x_session_token=token, tokenize_as="none") == 400


def test_the_administrators_side(api: FrontendApi, admin: IdentityApi) -> None:
    token = signed_up(api, "mary@example.org")
    session = api.to_session(x_session_token=token)
    assert session.identity is not None
    person = session.identity.id
    assert session.id in ids(admin.list_sessions(active=True, expand=["identity", "devices"]))
    assert ids(admin.list_identity_sessions(person)) == [session.id]
    assert admin.get_session(session.id, expand=["identity"]).identity is not None
    extended = admin.extend_session(session.id)
    assert extended.expires_at is not None
    assert session.expires_at is not None
    assert extended.expires_at > session.expires_at
    admin.disable_session(session.id)
    assert status_of(api.to_session, x_session_token=token) == 401
    assert not admin.get_session(session.id).active
    admin.delete_identity_sessions(person)
    assert status_of(admin.get_session, session.id) == 404
