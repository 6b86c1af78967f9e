"""Choosing another password, or a first one: the policy of sign-up, and not the old one again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from doorward.flows.contract import Refused
from doorward.flows.form import FormProblem
from doorward.flows.model import Node
from doorward.flows.nodes import input_node, submit_node
from doorward.flows.request import FieldTypes
from doorward.flows.settings_contract import Redisplayed, RefusedForm, Revised, SettingsForm, SettingsView
from doorward.identities.draft import NewCredential, make_credential
from doorward.identities.model import Identity
from doorward.methods.password import FIELD, refusal_message
from doorward.security.breaches import BreachList
from doorward.security.password_policy import PolicySettings, check_password
from doorward.security.passwords import PasswordHasher


class PasswordSection:
    """`selfservice.methods.password`, in settings."""

    name = "password"

    def __init__(self, policy: PolicySettings, breaches: BreachList, hasher: PasswordHasher) -> None:
        self._policy = policy
        self._breaches = breaches
        self._hasher = hasher

    @property
    def fields(self) -> FieldTypes:
        return {FIELD: "string"}

    def begin(self, identity: Identity) -> Mapping[str, Any]:
        return {}

    def nodes(self, view: SettingsView) -> Sequence[Node]:
        words = view.words
        field = input_node(
            FIELD, "password", "password", words.say(1070001), required=True, autocomplete="new-password"
        )
        return (field, submit_node("method", self.name, "password", words.say(1070003)))

    def is_mine(self, form: SettingsForm) -> bool:
        return form.values.get("method") == self.name

    def is_privileged(self, form: SettingsForm) -> bool:
        return True

    def check(self, form: SettingsForm) -> Refused | None:
        """A password has to be there."""
        if form.text(FIELD):
            return None
        return Refused((FormProblem(FIELD, form.words.say(4000002, {"property": FIELD})),))

    async def revise(self, form: SettingsForm) -> Revised | Redisplayed | Refused | RefusedForm:
        """Policy, then breach list, then the old password, then the hash: the cheap refusals before the dear ones."""
        password, words = form.text(FIELD), form.words
        identifiers = form.schema.identifiers(form.identity.traits, self.name)
        refusal = check_password(password, identifiers, self._policy) or await self._breaches.check(password)
        if refusal is not None:
            return Refused((FormProblem(FIELD, refusal_message(refusal, words)),))
        if await self._is_old(form.identity, password):
            return Refused((FormProblem(FIELD, words.say(4000039)),))
        new = NewCredential(self.name, {"hashed_password": await self._hasher.hash(password)})

        def edit(before: Identity, at: datetime) -> Identity:
            old = before.credentials.get(self.name)
            made = make_credential(form.schema, before, new, at)
            kept = made if old is None else replace(old, config=new.config, updated_at=at)
            return replace(before, credentials={**before.credentials, self.name: kept})

        return Revised(edit)

    async def _is_old(self, identity: Identity, password: str) -> bool:
        credential = identity.credentials.get(self.name)
        encoded = str(credential.config.get("hashed_password", "")) if credential else ""
        return bool(encoded) and await self._hasher.verify(password, encoded)
