"""The seam between settings and its methods: what a method is shown, and what it may decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from doorward.flows.contract import Refused
from doorward.flows.errors import UnreadableSubmission
from doorward.flows.messages import Words
from doorward.flows.model import Flow, Node
from doorward.flows.request import FieldTypes, FlowRequest
from doorward.identities.draft import NewConsent
from doorward.identities.model import Identity
from doorward.identities.schema import IdentitySchema
from doorward.identities.service import Edit


@dataclass(frozen=True, slots=True)
class SettingsView:
    """The form that is made. `identity` comes with credentials; `memory` is what the methods keep in the flow."""

    identity: Identity
    schema: IdentitySchema
    words: Words
    memory: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """What a method reads: the fields that were sent, and the person (with credentials) whose settings they are.

    `memory` is what the methods keep in the flow.
    """

    flow: Flow
    request: FlowRequest = field(repr=False)
    values: Mapping[str, Any] = field(repr=False)
    words: Words
    identity: Identity
    schema: IdentitySchema
    memory: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def text(self, name: str) -> str:
        """A field's text, "" where there is none."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def is_set(self, name: str) -> bool:
        """Whether a switch is on. Raises UnreadableSubmission for what is no switch."""
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            raise UnreadableSubmission(f"{name} has to be true or false.")
        return value


@dataclass(frozen=True, slots=True)
class Proof:
    """A factor that was just shown to work: it raises the session at once."""

    method: str
    aal: str


@dataclass(frozen=True, slots=True)
class Revised:
    """The method is satisfied: this is to be changed. `edit` may keep everything as it is.

    `typed` is the form with what was typed, for a refusal that comes later.
    """

    edit: Edit
    consents: tuple[NewConsent, ...] = ()
    proof: Proof | None = None
    typed: Flow | None = None


@dataclass(frozen=True, slots=True)
class Redisplayed:
    """Nothing is changed yet: the form goes on with more to see in it (backup codes, before they are confirmed).

    `memory` is kept in the flow, beside what is there.
    """

    flow: Flow
    memory: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class RefusedForm:
    """Like `Refused`, where the method has a form of its own to show it in."""

    flow: Flow


class SettingsMethod(Protocol):
    """One section of the settings."""

    @property
    def name(self) -> str:
        """As in `selfservice.methods` and in the field `method`."""
        ...

    @property
    def fields(self) -> FieldTypes:
        """The form's fields that this method reads, with their JSON types (traits come by themselves)."""
        ...

    def begin(self, identity: Identity) -> Mapping[str, Any]:
        """What the method remembers through the life of a new flow: a secret to be linked."""
        ...

    def nodes(self, view: SettingsView) -> Sequence[Node]:
        """The method's section."""
        ...

    def is_mine(self, form: SettingsForm) -> bool:
        """Whether this submission is for this method."""
        ...

    def is_privileged(self, form: SettingsForm) -> bool:
        """Whether this change takes a recent sign-in."""
        ...

    async def revise(self, form: SettingsForm) -> Revised | Redisplayed | Refused | RefusedForm:
        """The decision. May be slow: no transaction is open. Raises UnreadableSubmission."""
        ...


@runtime_checkable
class CheckedMethod(Protocol):
    """A section with fields that are plainly wrong or not filled in, whoever sends them."""

    def check(self, form: SettingsForm) -> Refused | RefusedForm | None:
        """What is wrong; asked before who sends it and how long ago they signed in. Raises UnreadableSubmission."""
        ...
