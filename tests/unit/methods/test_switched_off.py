"""Methods that are off: asked for by name they are not there; nobody else's submission is touched."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from doorward.clock import MovableClock
from doorward.config.model_flows import MethodConfig
from doorward.errors import NotFound
from doorward.flows.contract import Form, Stage
from doorward.flows.login_contract import LoginForm, LoginStage, LoginView
from doorward.flows.request import FlowRequest
from doorward.flows.settings_contract import SettingsForm
from doorward.flows.words_en import ENGLISH
from doorward.identities.model import Identity
from doorward.identities.schema import IdentitySchema
from doorward.methods.switched_off import login_off, registration_off, settings_off
from doorward.sessions.model import Device
from fresh_flow import fresh_flow

TRAITS = {"type": "object", "properties": {"email": {"type": "string"}}, "required": ["email"]}
SCHEMA = IdentitySchema("s", "file://s", {"type": "object", "properties": {"traits": TRAITS}})
REQUEST = FlowRequest("POST", "http://127.0.0.1/", Device(UUID(int=1), "192.0.2.1", "tests", ""))
ON = MethodConfig(enabled=True)
EVERY = dict.fromkeys(("profile", "password", "totp", "lookup_secret"), ON)


def sign_up(traits: dict[str, Any] | None = None, **values: Any) -> Form:
    return Form(values, {"email": "a@example.org"} if traits is None else traits, SCHEMA, ENGLISH, fresh_flow())


def sign_in(aal: str = "aal1", **values: Any) -> LoginForm:
    return LoginForm(replace(fresh_flow(), extra={"requested_aal": aal}), REQUEST, values, ENGLISH)


def change(**values: Any) -> SettingsForm:
    at = MovableClock().now()
    identity = Identity(
        id=UUID(int=2),
        schema_id="s",
        state="active",
        state_changed_at=at,
        traits={},
        created_at=at,
        updated_at=at,
    )
    return SettingsForm(fresh_flow(), REQUEST, values, ENGLISH, identity, SCHEMA)


def test_what_is_on_is_not_off() -> None:
    assert [each.name for each in registration_off({**EVERY, "code": MethodConfig(mfa_enabled=True)})] == []
    assert [each.name for each in registration_off({**EVERY, "code": ON})] == ["code"]
    assert login_off(EVERY) == ()
    assert settings_off(EVERY) == ()


async def test_signing_up() -> None:
    code, password = registration_off({})
    assert (code.name, password.name) == ("code", "password")
    assert not password.is_mine(sign_up(method="code"))
    with pytest.raises(NotFound):
        password.is_mine(sign_up({}, method="password"))
    assert code.is_mine(sign_up({}, method="code"))
    assert code.check(sign_up({}, method="code")) == ()
    assert code.check(sign_up(method="password")) == ()
    with pytest.raises(NotFound):
        code.check(sign_up(method="code"))
    with pytest.raises(NotFound):
        await code.register(sign_up(method="code"))
    assert [*code.nodes(Stage.ONE_STEP, ENGLISH), *password.nodes(Stage.ONE_STEP, ENGLISH)] == []


@pytest.mark.parametrize(("name", "aal"), [("password", "aal1"), ("lookup_secret", "aal2"), ("totp", "aal2")])
async def test_signing_in(name: str, aal: str) -> None:
    off = next(each for each in login_off({}) if each.name == name)
    other = "aal2" if aal == "aal1" else "aal1"
    assert not off.is_mine(sign_in(other, method=name))
    assert not off.is_mine(sign_in(aal, method="code"))
    with pytest.raises(NotFound):
        off.is_mine(sign_in(aal, method=name))
    assert off.check(sign_in(aal)) == ()
    assert off.nodes(LoginView(fresh_flow(), LoginStage.ONE_STEP, ENGLISH)) == ()
    with pytest.raises(NotFound):
        await off.login(sign_in(aal, method=name))


@pytest.mark.parametrize(
    ("values", "is_there"),
    [
        ({"method": "profile"}, False),
        ({"method": "password"}, False),
        ({"method": "totp"}, False),
        ({"totp_unlink": True}, False),
        ({"lookup_secret_reveal": True}, False),
        ({"method": "lookup_secret"}, True),
        ({"lookup_secret_reveal": "yes"}, True),
        ({"method": "pigeon"}, True),
    ],
)
def test_changing_settings(values: dict[str, Any], is_there: bool) -> None:
    off = settings_off({})
    assert [each.name for each in off] == ["profile", "password", "totp", "lookup_secret"]
    assert {name for each in off for name in each.fields} >= {"totp_unlink", "lookup_secret_confirm"}
    if is_there:
        assert not any(each.is_mine(change(**values)) for each in off)
        return
    with pytest.raises(NotFound):
        [each.is_mine(change(**values)) for each in off]
