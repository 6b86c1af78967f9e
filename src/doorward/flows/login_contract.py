"""The seam between signing in and its methods: what a method is shown, and what it may decide."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, runtime_checkable

from doorward.flows.contract import Furnished, Plan, Refused, Rejection
from doorward.flows.form import FormProblem
from doorward.flows.messages import Words
from doorward.flows.model import Flow, FlowState, Node
from doorward.flows.request import FieldTypes, FlowRequest
from doorward.identities.model import Identity
from doorward.storage.contract import Transaction

AAL1, AAL2 = "aal1", "aal2"

Write = Callable[[Transaction], Awaitable[None]]
"""What has to be stored together with the sign-in: a better hash, a used code. May raise an expected refusal."""


class LoginStage(Enum):
    """Which part of a login form is shown."""

    ONE_STEP = "one_step"
    IDENTIFIER = "identifier"
    CREDENTIALS = "credentials"


@dataclass(frozen=True, slots=True)
class LoginView:
    """The form that is made. `identity` (with credentials) is who is signed in already: a refresh, a second factor; in
    the second of two steps who was named. `is_mitigated`: the form must not tell what that person has.

    `is_reached`: the session has the higher level already. `ip_address` is what messages are counted by.
    """

    flow: Flow
    stage: LoginStage
    words: Words
    identity: Identity | None = None
    is_reached: bool = False
    is_mitigated: bool = False
    ip_address: str = field(default="", repr=False)

    @property
    def aal(self) -> str:
        return requested_aal(self.flow)

    @property
    def is_refresh(self) -> bool:
        return is_refresh(self.flow)


@dataclass(frozen=True, slots=True)
class LoginForm:
    """What a method reads. `identity` (with credentials) is who is signed in already, None at a first factor."""

    flow: Flow
    request: FlowRequest = field(repr=False)
    values: Mapping[str, Any] = field(repr=False)
    words: Words
    identity: Identity | None = None

    @property
    def aal(self) -> str:
        return requested_aal(self.flow)

    def text(self, name: str) -> str:
        """A field's text, "" where there is none."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The method is satisfied: this is who it is. `identity` comes without need of its credentials.

    `state` is what the flow is in afterwards; None leaves it as it was.
    """

    identity: Identity
    method: str
    aal: str = AAL1
    writes: tuple[Write, ...] = ()
    state: FlowState | None = None


class LoginMethod(Protocol):
    """One way to sign in, for one or both levels of assurance."""

    @property
    def name(self) -> str:
        """As in `selfservice.methods` and in the field `method`."""
        ...

    @property
    def fields(self) -> FieldTypes:
        """The form's fields that this method reads, with their JSON types."""
        ...

    def nodes(self, view: LoginView) -> Sequence[Node]:
        """What the method adds to the form; nothing where it cannot be used (level, stage, what the person has)."""
        ...

    def is_mine(self, form: LoginForm) -> bool:
        """Whether this submission is for this method."""
        ...

    def check(self, form: LoginForm) -> Sequence[FormProblem]:
        """What is plainly missing; asked of the method that is used only, before the CSRF token is looked at."""
        ...

    async def login(self, form: LoginForm) -> Authenticated | Refused | Rejection | Plan:
        """The decision. May be slow: no transaction is open.

        `Rejection` shows another form; a `Plan` stores something first (a code that is sent).
        """
        ...


@runtime_checkable
class EagerMethod(Protocol):
    """A method that does its first step by itself, where it is the only way."""

    def begin(self, flow: Flow, view: LoginView) -> Furnished | None:
        """The form after that step, with what it stores; None: there is a choice to be made first."""
        ...


def requested_aal(flow: Flow) -> str:
    return str(flow.extra.get("requested_aal", AAL1))


def is_refresh(flow: Flow) -> bool:
    return flow.extra.get("refresh") is True
