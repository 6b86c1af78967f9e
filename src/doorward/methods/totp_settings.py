"""Linking an authenticator app and taking it away again. Each flow offers a secret of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from doorward.clock import Clock
from doorward.flows.contract import Refused
from doorward.flows.form import FormProblem
from doorward.flows.model import Node
from doorward.flows.nodes import input_node, submit_node
from doorward.flows.request import FieldTypes
from doorward.flows.settings_contract import Proof, Redisplayed, RefusedForm, Revised, SettingsForm, SettingsView
from doorward.identities.draft import NewCredential, make_credential
from doorward.identities.model import Identity
from doorward.identities.schema import IdentitySchema, SchemaRegistry, texts_at
from doorward.methods.qr_image import qr_data_uri
from doorward.security.one_time_password import new_secret, read_totp, secret_of, totp_url

NAME, CODE, UNLINK = "totp", "totp_code", "totp_unlink"
URL = "totp_url"
QR_SIZE = 256


class TotpSection:
    """`selfservice.methods.totp`, in settings."""

    name = NAME

    def __init__(self, issuer: str, schemas: SchemaRegistry, clock: Clock) -> None:
        self._issuer = issuer
        self._schemas = schemas
        self._clock = clock

    @property
    def fields(self) -> FieldTypes:
        return {CODE: "string", UNLINK: "boolean"}

    def begin(self, identity: Identity) -> Mapping[str, Any]:
        """A secret to be linked, unless one is linked already."""
        if is_linked(identity):
            return {}
        account = account_name(self._schemas.get_schema(identity.schema_id), identity)
        return {URL: totp_url(new_secret(), self._issuer, account)}

    def nodes(self, view: SettingsView) -> Sequence[Node]:
        """The secret as picture and text with a field for a first code; or the button that takes the app away."""
        words, url = view.words, str(view.memory.get(URL, ""))
        if is_linked(view.identity) or not url:
            return (input_node(UNLINK, "submit", NAME, words.say(1050004), value="true", required=True),)
        secret = secret_of(url)
        picture = {"id": "totp_qr", "src": qr_data_uri(url), "width": QR_SIZE, "height": QR_SIZE}
        text = {"id": "totp_secret_key", "text": words.say(1050006, {"secret": secret}).to_json()}
        return (
            Node("img", NAME, picture, words.say(1050005)),
            Node("text", NAME, text, words.say(1050017)),
            input_node(CODE, "text", NAME, words.say(1070006), required=True),
            submit_node("method", NAME, NAME, words.say(1070003)),
        )

    def is_mine(self, form: SettingsForm) -> bool:
        return form.is_set(UNLINK) or form.values.get("method") == NAME

    def is_privileged(self, form: SettingsForm) -> bool:
        return True

    async def revise(self, form: SettingsForm) -> Revised | Redisplayed | Refused | RefusedForm:
        """A first code proves that the app has the secret; whoever has linked one already changes nothing by a code."""
        if is_linked(form.identity):
            return Revised(without_totp if form.is_set(UNLINK) else unchanged)
        code, url = form.text(CODE), str(form.memory.get(URL, ""))
        if not code:
            return Refused((FormProblem(CODE, form.words.say(4000002, {"property": CODE})),))
        totp = read_totp(url)
        if totp is None or totp.find_step(code, self._clock.now()) is None:
            return Refused((FormProblem(CODE, form.words.say(4000008)),))
        new = NewCredential(NAME, {URL: url})

        def edit(before: Identity, at: datetime) -> Identity:
            made = make_credential(form.schema, before, new, at)
            return replace(before, credentials={**before.credentials, NAME: made})

        return Revised(edit, proof=Proof(NAME, "aal2"))


def is_linked(identity: Identity) -> bool:
    """Whether a person (with credentials) has an authenticator app."""
    credential = identity.credentials.get(NAME)
    return credential is not None and bool(credential.config.get(URL))


def account_name(schema: IdentitySchema, identity: Identity) -> str:
    """What the app shows: the trait that the schema marks for it, else the person's id."""
    marked = [
        text
        for field in schema.fields
        if field.extension.get("credentials", {}).get(NAME, {}).get("account_name")
        for text in texts_at(identity.traits, field.path)
    ]
    return next(iter(marked), str(identity.id))


def without_totp(before: Identity, _at: datetime) -> Identity:
    return replace(before, credentials={kind: each for kind, each in before.credentials.items() if kind != NAME})


def unchanged(before: Identity, _at: datetime) -> Identity:
    return before
