"""Ory's own Python client, unmodified: signs a person up as a native app does, reads `whoami` and the form's errors."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ory_kratos_client.api.frontend_api import FrontendApi
from ory_kratos_client.api.identity_api import IdentityApi
from ory_kratos_client.api_client import ApiClient
from ory_kratos_client.configuration import Configuration
from ory_kratos_client.exceptions import ApiException
from ory_kratos_client.models.ui_container import UiContainer
from ory_kratos_client.models.ui_node_input_attributes import UiNodeInputAttributes
from ory_kratos_client.models.update_registration_flow_body import UpdateRegistrationFlowBody
from ory_kratos_client.models.update_registration_flow_with_password_method import (
    UpdateRegistrationFlowWithPasswordMethod,
)

from running import PASSWORD, Server, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("ory")
    server = Server(folder, f"dsn: sqlite://{folder}/doorward.sqlite\n", "--dev")
    with running(server):
        yield server


@pytest.fixture
def api(server: Server) -> Iterator[FrontendApi]:
    with ApiClient(Configuration(host=server.public)) as client:
        yield FrontendApi(client)


def filled_in(password: str, **traits: Any) -> UpdateRegistrationFlowBody:
    method = UpdateRegistrationFlowWithPasswordMethod(method="password", password=password, traits=traits)
    return UpdateRegistrationFlowBody(method)


def messages(form: UiContainer) -> dict[str, list[int]]:
    """Message ids by the name of the field."""
    found: dict[str, list[int]] = {}
    for node in form.nodes:
        shown = node.attributes.actual_instance
        if isinstance(shown, UiNodeInputAttributes):
            found.setdefault(shown.name, []).extend(each.id for each in node.messages)
    return found


def test_a_native_app_signs_a_person_up_and_knows_who_it_is(api: FrontendApi) -> None:
    flow = api.create_native_registration_flow()
    assert set(messages(flow.ui)) >= {"traits.email", "password", "method"}
    done = api.update_registration_flow(flow.id, filled_in(PASSWORD, email="ada@example.org", newsletter=True))
    assert done.session_token is not None
    session = api.to_session(x_session_token=done.session_token)
    assert session.active
    assert session.identity is not None
    assert session.identity.id == done.identity.id
    assert dict(session.identity.traits or {})["email"] == "ada@example.org"
    assert [each.method for each in session.authentication_methods or ()] == ["password"]


def test_mistakes_are_messages_beside_the_fields(api: FrontendApi) -> None:
    flow = api.create_native_registration_flow()
    with pytest.raises(ApiException) as refused:
        api.update_registration_flow(flow.id, filled_in("short", email="eve@example.org"))
    assert refused.value.status == 400
    again = api.get_registration_flow(flow.id)
    assert messages(again.ui)["password"] == [4000032]
    assert json.loads(str(refused.value.body))["id"] == flow.id


def test_an_address_that_is_taken_is_told(api: FrontendApi) -> None:
    for status in (200, 400):
        flow = api.create_native_registration_flow()
        body = filled_in(PASSWORD, email="kim@example.org")
        if status == 200:
            assert api.update_registration_flow(flow.id, body).identity.id
            continue
        with pytest.raises(ApiException) as refused:
            api.update_registration_flow(flow.id, body)
        assert "4000007" in str(refused.value.body)


def test_a_stranger_has_no_session(api: FrontendApi) -> None:
    with pytest.raises(ApiException) as refused:
        api.to_session(x_session_token="invented")
    assert refused.value.status == 401


def test_schemas_can_be_listed_by_an_app(server: Server) -> None:
    with ApiClient(Configuration(host=server.public)) as client:
        assert [each.id for each in IdentityApi(client).list_identity_schemas()] == ["default"]
