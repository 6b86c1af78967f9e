"""Signing in with a password: its fields, the hash it is held against, a better hash where settings have changed."""

from collections.abc import Sequence
from dataclasses import replace

from doorward.flows.contract import Refused
from doorward.flows.form import FormProblem
from doorward.flows.login_contract import AAL1, Authenticated, LoginForm, LoginStage, LoginView, Write
from doorward.flows.model import Node
from doorward.flows.nodes import input_node, submit_node
from doorward.flows.request import FieldTypes
from doorward.identities.model import Credential, Identity
from doorward.identities.normalise import normalise_identifier
from doorward.identities.store import find_by_identifier, replace_credential
from doorward.security.passwords import PasswordHasher
from doorward.storage.contract import Database, Transaction

FIELD, IDENTIFIER = "password", "identifier"


class PasswordLogin:
    """`selfservice.methods.password`, in login."""

    name = "password"

    def __init__(self, database: Database, hasher: PasswordHasher) -> None:
        self._database = database
        self._hasher = hasher

    @property
    def fields(self) -> FieldTypes:
        return {FIELD: "string", IDENTIFIER: "string", "password_identifier": "string"}

    def nodes(self, view: LoginView) -> Sequence[Node]:
        """At a first factor, and again for somebody who has a password."""
        if view.aal != AAL1 or view.stage is LoginStage.IDENTIFIER:
            return ()
        if view.is_refresh:
            credential = view.identity.credentials.get(self.name) if view.identity else None
            if credential is None:
                return ()
            known = input_node(IDENTIFIER, "hidden", "default", value=_first(credential))
            return (known, *self._password_nodes(view, 1010001))
        typed = input_node(
            IDENTIFIER,
            "text",
            "default",
            view.words.say(1070004),
            required=True,
            value="",
        )
        return (typed, *self._password_nodes(view, 1010022))

    def _password_nodes(self, view: LoginView, label: int) -> tuple[Node, ...]:
        words = view.words
        field = input_node(
            FIELD, "password", "password", words.say(1070001), required=True, autocomplete="current-password"
        )
        return (field, submit_node("method", self.name, "password", words.say(label)))

    def is_mine(self, form: LoginForm) -> bool:
        return form.aal == AAL1 and form.values.get("method") == self.name

    def check(self, form: LoginForm) -> Sequence[FormProblem]:
        """Both fields have to be filled in."""
        missing = [name for name in (IDENTIFIER, FIELD) if not form.text(name)]
        return [FormProblem(name, form.words.say(4000002, {"property": name})) for name in missing]

    async def login(self, form: LoginForm) -> Authenticated | Refused:
        """Takes as long and says the same for an account that is not there. Raises Overloaded."""
        identifier = normalise_identifier(form.text(IDENTIFIER))
        password = form.text(FIELD)
        reader = self._database.reader
        identity = await find_by_identifier(reader, self.name, identifier, with_credentials=True)
        credential = identity.credentials.get(self.name) if identity else None
        encoded = str(credential.config.get("hashed_password", "")) if credential else ""
        wrong = Refused((FormProblem(None, form.words.say(4000006)),))
        if identity is None or credential is None or not encoded:
            await self._hasher.hash_nothing(password)
            return wrong
        if not await self._hasher.verify(password, encoded):
            return wrong
        return Authenticated(identity, self.name, AAL1, await self._better(identity, credential, password, encoded))

    async def _better(
        self, identity: Identity, credential: Credential, password: str, encoded: str
    ) -> tuple[Write, ...]:
        if not self._hasher.needs_rehash(encoded):
            return ()
        hashed = await self._hasher.hash(password)
        renewed = replace(credential, config={**credential.config, "hashed_password": hashed})

        async def write(tx: Transaction) -> None:
            await replace_credential(tx, identity.id, renewed)

        return (write,)


def _first(credential: Credential) -> str:
    return next(iter(credential.identifiers), "")
