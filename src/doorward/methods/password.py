"""Signing up with a password: its field, Kratos's policy in messages, the hash that is stored."""

from collections.abc import Sequence

from doorward.config.methods import PasswordSettings
from doorward.flows.contract import Form, NextStage, Proven, Refused, Stage
from doorward.flows.form import FormProblem
from doorward.flows.messages import Message, Words
from doorward.flows.model import Node
from doorward.flows.nodes import input_node, submit_node
from doorward.flows.request import FieldTypes
from doorward.identities.draft import NewCredential
from doorward.security.breaches import BreachList
from doorward.security.password_policy import (
    Breached,
    PolicySettings,
    Refusal,
    TooLong,
    TooShort,
    TooSimilar,
    check_password,
)
from doorward.security.passwords import PasswordHasher

FIELD = "password"


class PasswordMethod:
    """`selfservice.methods.password`."""

    name = "password"

    @property
    def fields(self) -> FieldTypes:
        return {FIELD: "string"}

    def __init__(self, policy: PolicySettings, breaches: BreachList, hasher: PasswordHasher) -> None:
        self._policy = policy
        self._breaches = breaches
        self._hasher = hasher

    def nodes(self, stage: Stage, words: Words) -> Sequence[Node]:
        """The field and the button, where credentials are chosen."""
        if stage is Stage.TRAITS:
            return ()
        field = input_node(
            FIELD, "password", "password", words.say(1070001), required=True, autocomplete="new-password"
        )
        return (field, submit_node("method", self.name, "password", words.say(1040001)))

    def is_mine(self, form: Form) -> bool:
        return form.values.get("method") == self.name

    def check(self, form: Form) -> Sequence[FormProblem]:
        """An empty password is missing, not short."""
        if not self.is_mine(form) or form.text(FIELD):
            return ()
        return (FormProblem(FIELD, form.words.say(4000002, {"property": FIELD})),)

    async def register(self, form: Form) -> Proven | Refused | NextStage:
        """Policy first, then the breach list, then the hash: the cheap refusals before the dear ones."""
        password = form.text(FIELD)
        identifiers = form.schema.identifiers(form.traits, self.name)
        if not identifiers:
            return Refused((FormProblem(None, form.words.say(4000009)),))
        refusal = check_password(password, identifiers, self._policy) or await self._breaches.check(password)
        if refusal is not None:
            return Refused((FormProblem(FIELD, refusal_message(refusal, form.words)),))
        hashed = await self._hasher.hash(password)
        return Proven((NewCredential(self.name, {"hashed_password": hashed}),))


def refusal_message(refusal: Refusal, words: Words) -> Message:
    """A refusal of the policy in Kratos's ids."""
    match refusal:
        case TooShort(least, actual):
            return words.say(4000032, {"min_length": least, "actual_length": actual})
        case TooLong(most, actual):
            return words.say(4000033, {"max_length": most, "actual_length": actual})
        case TooSimilar():
            return words.say(4000031)
        case Breached(count):
            return words.say(4000034, {"breaches": count})


def policy_of(settings: PasswordSettings, max_length: int | None) -> PolicySettings:
    """The policy of a Kratos file; `max_length` is what the hash takes in, in bytes."""
    return PolicySettings(settings.min_password_length, max_length, settings.identifier_similarity_check_enabled)
