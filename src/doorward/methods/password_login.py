"""Signing in with a password: its fields, the hash it is held against, a better hash where settings have changed."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from doorward.errors import Misconfigured
from doorward.flows.contract import Refused
from doorward.flows.form import FormProblem
from doorward.flows.login_contract import AAL1, Authenticated, LoginForm, LoginStage, LoginView, Write
from doorward.flows.model import Node
from doorward.flows.nodes import input_node, submit_node
from doorward.flows.request import FieldTypes
from doorward.identities.first_factors import MIGRATION_HOOK, knows_password
from doorward.identities.model import Credential, Identity
from doorward.identities.normalise import normalise_identifier
from doorward.identities.person import Holder, find_holder
from doorward.identities.store import renew_config
from doorward.methods.password_migration import Claim, PasswordMigration
from doorward.security.passwords import PasswordHasher, PasswordTooLong
from doorward.storage.contract import Database, Transaction

FIELD, IDENTIFIER, OLDER = "password", "identifier", "password_identifier"


class PasswordMigrationMissing(Misconfigured):
    """This password is known to a migration hook only, and none is configured."""

    @classmethod
    def code(cls) -> str:
        """As in Kratos."""
        return "invalid_configuration"


class PasswordLogin:
    """`selfservice.methods.password`, in login."""

    name = "password"

    def __init__(self, database: Database, hasher: PasswordHasher, migration: PasswordMigration | None = None) -> None:
        """`migration` is asked for passwords that were not imported; None: there are none."""
        self._database = database
        self._hasher = hasher
        self._migration = migration

    @property
    def fields(self) -> FieldTypes:
        return {FIELD: "string", IDENTIFIER: "string", OLDER: "string"}

    def nodes(self, view: LoginView) -> Sequence[Node]:
        """At a first factor, and again for somebody who has a password."""
        if view.aal != AAL1 or view.stage is LoginStage.IDENTIFIER:
            return ()
        if view.stage is LoginStage.CREDENTIALS:
            is_offered = view.is_mitigated or has_password(view.identity)
            return self._password_nodes(view, 1010022) if is_offered else ()
        if view.is_refresh:
            credential = view.identity.credentials.get(self.name) if view.identity else None
            if credential is None or not has_password(view.identity):
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
        given = {IDENTIFIER: _identifier(form), FIELD: form.text(FIELD)}
        missing = [name for name, value in given.items() if not value]
        return [FormProblem(name, form.words.say(4000002, {"property": name})) for name in missing]

    async def login(self, form: LoginForm) -> Authenticated | Refused:
        """Takes as long and says the same for an account that is not there. Raises Overloaded; for a password that was
        not imported PasswordMigrationMissing, WebHookFailed.
        """
        identifier = normalise_identifier(_identifier(form))
        password = form.text(FIELD)
        found = await find_holder(self._database.reader, self.name, identifier)
        encoded = str(found.credential.config.get("hashed_password", "")) if found else ""
        if found is not None and not encoded and found.credential.config.get(MIGRATION_HOOK):
            return await self._migrated(form, found, password)
        wrong = Refused((FormProblem(None, form.words.say(4000006)),))
        if found is None or not encoded:
            await self._hasher.hash_nothing(password)
            return wrong
        if not await self._hasher.verify(password, encoded):
            return wrong
        better = await self._better(found.identity_id, found.credential, password, encoded)
        return Authenticated(found.identity(), self.name, AAL1, better)

    async def _migrated(self, form: LoginForm, found: Holder, password: str) -> Authenticated | Refused:
        """What the older system knows is kept as a hash, and it is not asked again."""
        if self._migration is None:
            raise PasswordMigrationMissing
        identity = found.identity()
        if not await self._migration.knows(Claim(form, identity, _identifier(form), password)):
            return Refused((FormProblem(None, form.words.say(4000006)),))
        try:
            hashed = await self._hasher.hash(password)
        except PasswordTooLong:
            # It is right all the same: the older system goes on being asked until another one is chosen.
            return Authenticated(identity, self.name, AAL1)
        kept = {name: value for name, value in found.credential.config.items() if name != MIGRATION_HOOK}
        write = self._renewing(found.identity_id, found.credential, {**kept, "hashed_password": hashed})
        return Authenticated(identity, self.name, AAL1, (write,))

    async def _better(
        self, identity_id: UUID, credential: Credential, password: str, encoded: str
    ) -> tuple[Write, ...]:
        if not self._hasher.needs_rehash(encoded):
            return ()
        hashed = await self._hasher.hash(password)
        return (self._renewing(identity_id, credential, {**credential.config, "hashed_password": hashed}),)

    def _renewing(self, identity_id: UUID, credential: Credential, config: Mapping[str, Any]) -> Write:
        async def write(tx: Transaction) -> None:
            # Somebody may have changed the password since it was read: the old one must not come back.
            await renew_config(tx, identity_id, credential, config)

        return write


def has_password(identity: Identity | None) -> bool:
    """Whether somebody has one that is set, here or in the older system."""
    credential = identity.credentials.get("password") if identity else None
    return credential is not None and knows_password(credential.config)


def _identifier(form: LoginForm) -> str:
    """Older clients call it `password_identifier`."""
    return form.text(IDENTIFIER) or form.text(OLDER)


def _first(credential: Credential) -> str:
    return next(iter(credential.identifiers), "")
