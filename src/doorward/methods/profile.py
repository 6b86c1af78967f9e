"""The first of two steps of signing up: the traits alone, then the choice of a credential, and the way back."""

from collections.abc import Sequence

from doorward.flows.contract import Form, NextStage, Proven, Refused, Stage
from doorward.flows.form import FormProblem
from doorward.flows.messages import Words
from doorward.flows.model import Node
from doorward.flows.nodes import submit_node
from doorward.flows.request import FieldTypes

SCREEN = "screen"
FORWARDS, BACK = "credential-selection", "previous"
METHOD_BACK = "profile:back"


class ProfileStep:
    """`selfservice.methods.profile`, in registration."""

    name = "profile"

    @property
    def fields(self) -> FieldTypes:
        return {SCREEN: "string"}

    def nodes(self, stage: Stage, words: Words) -> Sequence[Node]:
        """The button to the next step, or the one back."""
        match stage:
            case Stage.TRAITS:
                return (submit_node("method", self.name, "profile", words.say(1040001)),)
            case Stage.CREDENTIALS:
                return (submit_node(SCREEN, BACK, "profile", words.say(1040008)),)
            case Stage.ONE_STEP:
                return ()

    def is_mine(self, form: Form) -> bool:
        return form.values.get("method") in (self.name, METHOD_BACK) or form.values.get(SCREEN) in (FORWARDS, BACK)

    def check(self, form: Form) -> Sequence[FormProblem]:
        """Whatever the method, a screen has to be one that there is."""
        if form.values.get(SCREEN) in (None, "", FORWARDS, BACK):
            return ()
        return (FormProblem(SCREEN, form.words.say(4000001, {"reason": "There is no such step."})),)

    async def register(self, form: Form) -> Proven | Refused | NextStage:
        """Never proves anything."""
        is_back = form.values.get(SCREEN) == BACK or form.values.get("method") == METHOD_BACK
        return NextStage(Stage.TRAITS if is_back else Stage.CREDENTIALS)
