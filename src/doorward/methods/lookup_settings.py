"""Backup codes: made, shown, confirmed, shown again, taken away. New ones count once they are confirmed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from doorward.clock import rfc3339
from doorward.flows.contract import Refused
from doorward.flows.form import FormProblem, without_messages
from doorward.flows.messages import Message, Words
from doorward.flows.model import Node
from doorward.flows.nodes import submit_node
from doorward.flows.payload import TRANSIENT, read_payload
from doorward.flows.request import FieldTypes
from doorward.flows.settings_contract import Proof, Redisplayed, RefusedForm, Revised, SettingsForm, SettingsView
from doorward.identities.draft import NewCredential, make_credential
from doorward.identities.model import Identity
from doorward.identities.vault import CredentialVault
from doorward.methods.lookup_codes import NAME, BackupCode, config_of, new_codes, read_codes

REVEAL, REGENERATE = "lookup_secret_reveal", "lookup_secret_regenerate"
CONFIRM, DISABLE = "lookup_secret_confirm", "lookup_secret_disable"
SWITCHES = (REVEAL, REGENERATE, CONFIRM, DISABLE)
MADE = "backup_codes"


class LookupSection:
    """`selfservice.methods.lookup_secret`, in settings."""

    name = NAME

    def __init__(self, vault: CredentialVault) -> None:
        self._vault = vault

    @property
    def fields(self) -> FieldTypes:
        return dict.fromkeys(SWITCHES, "boolean")

    def begin(self, identity: Identity) -> Mapping[str, Any]:
        return {}

    def nodes(self, view: SettingsView) -> Sequence[Node]:
        """Buttons: show them and take them away, or make some."""
        if _has_codes(view.identity):
            return (_button(REVEAL, 1050007, view.words), _button(DISABLE, 1050016, view.words))
        return (_button(REGENERATE, 1050008, view.words),)

    def is_mine(self, form: SettingsForm) -> bool:
        # Every switch is read, so that a broken one is noticed whatever the others say.
        asked = [name for name in self.fields if form.is_set(name)]
        return bool(asked)

    def is_privileged(self, form: SettingsForm) -> bool:
        return True

    async def revise(self, form: SettingsForm) -> Revised | Redisplayed | Refused | RefusedForm:
        """One of the four, in this order where somebody sends several."""
        if form.is_set(REGENERATE):
            return self._made(form)
        if form.is_set(REVEAL):
            return self._revealed(form)
        if form.is_set(DISABLE):
            return Revised(_without_codes)
        return self._confirmed(form)

    def _made(self, form: SettingsForm) -> Redisplayed:
        made = new_codes()
        nodes = (_codes_node([BackupCode(each) for each in made], form.words), _button(CONFIRM, 1050011, form.words))
        return _redisplayed(form, nodes, {MADE: made})

    def _revealed(self, form: SettingsForm) -> Redisplayed | Refused:
        config = self._vault.find(form.identity, NAME)
        if config is None:
            return _nothing(form, "There are no backup codes to show.")
        buttons = (_button(DISABLE, 1050016, form.words), _button(REGENERATE, 1050008, form.words))
        return _redisplayed(form, (_codes_node(read_codes(config), form.words), *buttons))

    def _confirmed(self, form: SettingsForm) -> Revised | Refused:
        made = form.memory.get(MADE)
        if not made:
            return _nothing(form, "There are no backup codes to confirm. Make some first.")
        new = NewCredential(NAME, config_of([BackupCode(each) for each in made]))

        def edit(before: Identity, at: datetime) -> Identity:
            credential = make_credential(form.schema, before, new, at)
            return replace(before, credentials={**before.credentials, NAME: credential})

        return Revised(edit, proof=Proof(NAME, "aal2"))


def _has_codes(identity: Identity) -> bool:
    credential = identity.credentials.get(NAME)
    return credential is not None and bool(credential.config)


def _without_codes(before: Identity, _at: datetime) -> Identity:
    return replace(before, credentials={kind: each for kind, each in before.credentials.items() if kind != NAME})


def _nothing(form: SettingsForm, reason: str) -> Refused:
    return Refused((FormProblem(None, form.words.say(4000001, {"reason": reason})),))


def _button(name: str, label: int, words: Words) -> Node:
    return submit_node(name, "true", NAME, words.say(label))


def _redisplayed(form: SettingsForm, nodes: Sequence[Node], memory: Mapping[str, Any] | None = None) -> Redisplayed:
    """The form with these nodes in place of the section; they stand at its end (as in Kratos)."""
    others = [node for node in form.flow.ui.nodes if node.group != NAME]
    shown = [form.flow.secret_nodes.get(node.name, node) for node in others]
    flow = form.flow.with_ui(nodes=(*shown, *nodes))
    beside = {**flow.beside, TRANSIENT: read_payload(form.values)}
    return Redisplayed(replace(flow, ui=without_messages(flow.ui), beside=beside), memory or {})


def _codes_node(codes: Sequence[BackupCode], words: Words) -> Node:
    shown = [_code_message(each, words) for each in codes]
    listed = ", ".join(each.text for each in shown)
    message = words.say(1050015, {"secrets": [each.to_json() for each in shown]}, secrets_list=listed)
    return Node("text", NAME, {"id": "lookup_secret_codes", "text": message.to_json()}, words.say(1050010))


def _code_message(code: BackupCode, words: Words) -> Message:
    """A used one tells when, and not what it was."""
    if code.used_at is None:
        return words.say(1050009, {"secret": code.code})
    at = code.used_at
    return words.say(1050014, {"used_at": rfc3339(at), "used_at_unix": int(at.timestamp())})
