"""The seams of the engine: what a kind of flow, a method of registration and a hook have to offer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from doorward.actions.hooks import HookEntry
from doorward.errors import DoorwardError
from doorward.flows.answers import Concluded, MovedOn, Navigate, Reread, Why
from doorward.flows.form import FormProblem
from doorward.flows.messages import Words
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType, Node
from doorward.flows.request import FieldTypes, FlowRequest
from doorward.identities.draft import NewCredential
from doorward.identities.model import Identity
from doorward.identities.schema import IdentitySchema
from doorward.outbox.settled import Settlement
from doorward.storage.contract import Transaction

Write = Callable[[Transaction], Awaitable[None]]
"""What has to be stored together with a success: a better hash, a used code. May raise an expected refusal."""


class Stage(Enum):
    """Which part of a registration form is shown."""

    ONE_STEP = "one_step"
    TRAITS = "traits"
    CREDENTIALS = "credentials"


@dataclass(frozen=True, slots=True)
class Form:
    """What a method reads: the decoded body, the traits in it, and whose they will be; where it came from."""

    values: Mapping[str, Any] = field(repr=False)
    traits: Mapping[str, Any] = field(repr=False)
    schema: IdentitySchema
    words: Words
    flow: Flow
    ip_address: str = field(default="", repr=False)

    def text(self, name: str) -> str:
        """A field's text, "" where there is none."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Proven:
    """The method is satisfied; these credentials are stored with the identity.

    `writes` are stored with it, `proved` are addresses that are verified by the way, `state` is the flow's afterwards.
    """

    credentials: tuple[NewCredential, ...]
    writes: tuple[Write, ...] = ()
    proved: tuple[str, ...] = ()
    state: FlowState | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The method is not satisfied."""

    problems: tuple[FormProblem, ...]


@dataclass(frozen=True, slots=True)
class NextStage:
    """There is another part of the form to show."""

    stage: Stage


class RegistrationMethod(Protocol):
    """One way to sign up, or one step of it."""

    @property
    def name(self) -> str:
        """As in `selfservice.methods` and in the field `method`."""
        ...

    def nodes(self, stage: Stage, words: Words) -> Sequence[Node]:
        """What the method adds to a stage of the form."""
        ...

    def is_mine(self, form: Form) -> bool:
        """Whether this submission is for this method."""
        ...

    @property
    def fields(self) -> FieldTypes:
        """The form's fields that only this method reads, with their JSON types."""
        ...

    def check(self, form: Form) -> Sequence[FormProblem]:
        """What is plainly wrong or not filled in; asked of every method, shown together with the traits' problems."""
        ...

    async def register(self, form: Form) -> "Proven | Refused | NextStage | Plan":
        """The decision. May be slow (hashing, breach list): no transaction is open. The traits are valid.

        A `Plan` stores something first (a code that is sent).
        """
        ...


@dataclass(frozen=True, slots=True)
class HookContext:
    """What a hook may know. `values` is the template context of facts that exist by then, as JSON values.

    `person` is who it is about as they are now, None before they are known; `wanted` as they ask to be from now on,
    where a change is submitted.
    """

    flow: Flow
    values: Mapping[str, Any] = field(repr=False)
    person: Identity | None = None
    wanted: Identity | None = None


@dataclass(frozen=True, slots=True)
class Proceed:
    """Nothing against it. `patch` holds identity fields to be replaced whole."""

    patch: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Veto:
    """The flow stops here, with messages for the person."""

    problems: tuple[FormProblem, ...]


class Detour(Enum):
    """What has to be done before the flow may succeed; the kind of flow knows how."""

    VERIFY_FIRST = "verify_first"  # a sign-in of somebody who has proved no address
    SAY_UNVERIFIED = "say_unverified"  # the same, and only told (the older answer)
    CONFIRM_ADDRESS = "confirm_address"  # a change that waits until its new address is proved


class Effect(Enum):
    """What a hook asks for, once nobody objects."""

    HAND_OUT_SESSION = "hand_out_session"
    SHOW_VERIFICATION = "show_verification"
    START_VERIFICATION = "start_verification"
    REVOKE_OTHERS = "revoke_others"
    TELL_OF_CREDENTIALS = "tell_of_credentials"


@dataclass(frozen=True, slots=True)
class NotifyPrevious:
    """Addresses that were there before hear of a change: `removed`, `all_verified` or `all` of them."""

    recipients: str


Wish = Effect | NotifyPrevious


class InFlowHook(Protocol):
    """Runs inside a request, before the transaction."""

    @property
    def effects(self) -> frozenset[Wish]: ...

    async def run(self, context: HookContext) -> Proceed | Veto | Detour:
        """Raises DoorwardError when it cannot be asked; then the flow stops."""
        ...


class HookTable(Protocol):
    """Which hooks run inside a flow (`actions.resolve.ActionTable`)."""

    def in_flow_hooks(self, flow_kind: str, phase: str, method: str | None) -> tuple[HookEntry, ...]: ...


class HookSource(Protocol):
    """Makes hooks of entries (`hooks.registry`)."""

    def hook(self, entry: HookEntry) -> InFlowHook: ...


class SettledWaiter(Protocol):
    """Waits for the first attempts of deliveries."""

    async def wait(self, delivery_ids: Sequence[UUID], cap_s: float) -> Mapping[UUID, Settlement]:
        """Where each stands when all have had their first attempts, or after `cap_s` seconds."""
        ...

    async def release(self, delivery_ids: Sequence[UUID]) -> None:
        """It is the turn of these."""
        ...


class Plan(Protocol):
    """Everything that one submit will store, decided before the transaction opens."""

    async def write(self, tx: Transaction) -> Any:
        """Stores it; may be run again after a conflict, so it changes nothing but rows."""
        ...

    async def conclude(self, written: Any) -> Concluded | Flow:
        """The answer, after the commit; a flow where the form has something to say that is still to be stored."""
        ...

    def refused(self, error: DoorwardError) -> Flow | None:
        """The form for an expected refusal of the database (an identifier is taken); None: not expected."""
        ...


@dataclass(frozen=True, slots=True)
class Rejection:
    """The form again, with what is still to do in it. `writes` are stored with it: a failure that counts."""

    flow: Flow
    why: Why = Why.REJECTED
    writes: tuple[Write, ...] = ()


@dataclass(frozen=True, slots=True)
class Furnished:
    """A new form, with what is stored together with it: a code that is sent at once."""

    flow: Flow
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class KindSettings:
    """What all kinds have. `page_url` is the page that shows the form.

    `needs_session`: nothing is said of a flow to whoever is not signed in; `sign_in_url` is the page for that.
    """

    page_url: str
    lifespan: timedelta
    is_enabled: bool = True
    needs_session: bool = False
    sign_in_url: str = ""


class FlowRules(Protocol):
    """One kind of flow."""

    @property
    def kind(self) -> FlowKind: ...

    @property
    def settings(self) -> KindSettings: ...

    def check_open(self) -> None:
        """Raises the refusal of a kind that is switched off."""
        ...

    async def check_start(self, type_: FlowType, request: FlowRequest) -> str | None:
        """Where a browser goes instead of starting (signed in already); None: it may start. Raises refusals."""
        ...

    async def furnish(self, flow: Flow, request: FlowRequest) -> Flow | Furnished:
        """A new flow with its nodes, after the `before` hooks."""
        ...

    async def check_fetch(self, flow: Flow, request: FlowRequest) -> Flow | None:
        """Who may see a flow; nearly always `csrf.check_reader`. The flow as this reader sees it, None: as it is.

        Raises refusals.
        """
        ...

    async def check_submit(self, flow: Flow, request: FlowRequest) -> str | None:
        """Like `check_start`, before a submission is read."""
        ...

    def expired(self, old: Flow, new: Flow) -> Flow:
        """The flow that takes the place of an expired one, saying so."""
        ...

    def after_expiry(self, old: Flow, new: Flow, request: FlowRequest) -> Reread | None:
        """What a client is told when it submitted an expired flow; None: what most kinds say (410, or the new form)."""
        ...

    async def submit(self, flow: Flow, request: FlowRequest) -> Rejection | Plan | MovedOn | Navigate | Reread:
        """Decides about a submission; slow work is done here. Raises refusals that no form can show."""
        ...


@runtime_checkable
class QuietlyRenewed(Protocol):
    """A kind whose hooks hear nothing of a form that takes the place of one that is done with (as in Kratos)."""

    def renewed(self, flow: Flow) -> Flow:
        """The new flow with its nodes."""
        ...
