"""Methods that the configuration has off: no form shows them, and whoever asks for one by name is told that it is not
there (404), as by Kratos; a name that means nothing is told of in the form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from doorward.config.model_flows import MethodConfig
from doorward.errors import NotFound
from doorward.flows.contract import Form, RegistrationMethod, Stage
from doorward.flows.form import FormProblem
from doorward.flows.login_contract import AAL1, AAL2, LoginForm, LoginMethod, LoginView
from doorward.flows.messages import Words
from doorward.flows.model import Node
from doorward.flows.request import FieldTypes
from doorward.flows.settings_contract import SettingsForm, SettingsMethod, SettingsView
from doorward.identities.model import Identity
from doorward.methods.lookup_settings import SWITCHES
from doorward.methods.switches import is_on, signs_up
from doorward.methods.totp_settings import UNLINK

METHOD = "method"
OFF = "This method is switched off in the configuration."

# Whether what is wrong with the traits is told first.
IN_REGISTRATION = {"code": True, "password": False}
IN_LOGIN = {"password": AAL1, "lookup_secret": AAL2, "totp": AAL2}
# Backup codes are asked for by their buttons only.
IN_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "profile": (),
    "password": (),
    "totp": (UNLINK,),
    "lookup_secret": SWITCHES,
}
ONLY_BUTTONS = frozenset({"lookup_secret"})


@dataclass(frozen=True, slots=True)
class RegistrationOff:
    """A way to sign up that is off. `is_last`: the traits have to be right before that is told (as in Kratos)."""

    name: str
    is_last: bool
    fields: FieldTypes = field(default_factory=dict)

    def nodes(self, stage: Stage, words: Words) -> Sequence[Node]:
        return ()

    def is_mine(self, form: Form) -> bool:
        """Raises NotFound where it is asked for."""
        is_asked = form.values.get(METHOD) == self.name
        return is_asked if self.is_last else _is_wanted(is_asked)

    def check(self, form: Form) -> Sequence[FormProblem]:
        """Raises NotFound where it is asked for."""
        _is_wanted(self.is_mine(form) and not form.schema.validate(form.traits))
        return ()

    async def register(self, form: Form) -> NoReturn:
        raise NotFound(OFF)


@dataclass(frozen=True, slots=True)
class LoginOff:
    """A way to sign in that is off. At another level than its own it is unknown rather than off (as in Kratos)."""

    name: str
    aal: str
    fields: FieldTypes = field(default_factory=dict)

    def nodes(self, view: LoginView) -> Sequence[Node]:
        return ()

    def is_mine(self, form: LoginForm) -> bool:
        """Raises NotFound where it is asked for."""
        return _is_wanted(form.aal == self.aal and form.values.get(METHOD) == self.name)

    def check(self, form: LoginForm) -> Sequence[FormProblem]:
        return ()

    async def login(self, form: LoginForm) -> NoReturn:
        raise NotFound(OFF)


@dataclass(frozen=True, slots=True)
class SectionOff:
    """A section of the settings that is off. Its `buttons` ask for it without its name."""

    name: str
    buttons: tuple[str, ...] = ()

    @property
    def fields(self) -> FieldTypes:
        return dict.fromkeys(self.buttons, "boolean")

    def begin(self, identity: Identity) -> Mapping[str, Any]:
        return {}

    def nodes(self, view: SettingsView) -> Sequence[Node]:
        return ()

    def is_mine(self, form: SettingsForm) -> bool:
        """Raises NotFound where it is asked for."""
        is_named = form.values.get(METHOD) == self.name and self.name not in ONLY_BUTTONS
        return _is_wanted(is_named or any(form.values.get(button) is True for button in self.buttons))

    def is_privileged(self, form: SettingsForm) -> bool:
        return False

    async def revise(self, form: SettingsForm) -> NoReturn:
        raise NotFound(OFF)


def registration_off(configs: Mapping[str, MethodConfig]) -> tuple[RegistrationMethod, ...]:
    """The ways to sign up that are off. Codes sign up as soon as they are good for anything in a login."""
    return tuple(RegistrationOff(name, last) for name, last in IN_REGISTRATION.items() if not signs_up(configs, name))


def login_off(configs: Mapping[str, MethodConfig]) -> tuple[LoginMethod, ...]:
    """The ways to sign in that are off. Codes are not among them: there they are unknown (as in Kratos)."""
    return tuple(LoginOff(name, aal) for name, aal in IN_LOGIN.items() if not is_on(configs, name))


def settings_off(configs: Mapping[str, MethodConfig]) -> tuple[SettingsMethod, ...]:
    """The sections that are off."""
    return tuple(SectionOff(name, buttons) for name, buttons in IN_SETTINGS.items() if not is_on(configs, name))


def _is_wanted(is_asked: bool) -> bool:
    if is_asked:
        raise NotFound(OFF)
    return False
