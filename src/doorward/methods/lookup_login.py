"""A backup code as second factor: each one signs in once."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from doorward.clock import Clock
from doorward.flows.contract import Refused, Rejection
from doorward.flows.form import FormProblem
from doorward.flows.login_contract import AAL2, Authenticated, LoginForm, LoginView, Write
from doorward.flows.login_plan import ProofSpent
from doorward.flows.model import Node
from doorward.flows.nodes import input_node, submit_node
from doorward.flows.request import FieldTypes
from doorward.identities.store import find_identity, replace_credential
from doorward.identities.vault import CredentialVault
from doorward.methods.lookup_codes import NAME, BackupCode, config_of, read_codes
from doorward.methods.second_factor import refused
from doorward.security.tokens import is_equal
from doorward.storage.contract import Transaction

FIELD = "lookup_secret"


class LookupLogin:
    """`selfservice.methods.lookup_secret`, in login."""

    name = NAME

    def __init__(self, vault: CredentialVault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock

    @property
    def fields(self) -> FieldTypes:
        return {FIELD: "string"}

    def nodes(self, view: LoginView) -> Sequence[Node]:
        """For a second factor of somebody who has backup codes."""
        credential = view.identity.credentials.get(NAME) if view.identity else None
        if view.aal != AAL2 or credential is None or not credential.config:
            return ()
        return (
            input_node(FIELD, "text", NAME, view.words.say(1010007), required=True, value=""),
            submit_node("method", NAME, NAME, view.words.say(1010010)),
        )

    def is_mine(self, form: LoginForm) -> bool:
        return form.aal == AAL2 and form.values.get("method") == NAME

    def check(self, form: LoginForm) -> Sequence[FormProblem]:
        return ()

    async def login(self, form: LoginForm) -> Authenticated | Refused | Rejection:
        """Capitals count. A code that was used before is told from one that never was."""
        words, given, identity = form.words, form.text(FIELD), form.identity
        if not given:
            return refused(form, FormProblem(FIELD, words.say(4000002, {"property": FIELD})))
        config = None if identity is None else self._vault.find(identity, NAME)
        if identity is None or config is None:
            return refused(form, FormProblem(None, words.say(4000014)))
        found = find_code(read_codes(config), given)
        if found is None or found.used_at is not None:
            return refused(form, FormProblem(None, words.say(4000016 if found is None else 4000012)))
        return Authenticated(identity, NAME, AAL2, (self._use(identity.id, given),))

    def _use(self, identity_id: UUID, given: str) -> Write:
        now = self._clock.now()

        async def write(tx: Transaction) -> None:
            # The person's row is locked before the codes are read: the same one must not be used twice at a time.
            await tx.execute("UPDATE identities SET event_seq = event_seq WHERE id = :id", {"id": identity_id})
            identity = await find_identity(tx, identity_id, with_credentials=True)
            config = None if identity is None else self._vault.find(identity, NAME)
            codes = read_codes(config or {})
            found = find_code(codes, given)
            if identity is None or found is None or found.used_at is not None:
                raise ProofSpent(4000012)
            kept = config_of([replace(each, used_at=now) if each is found else each for each in codes])
            sealed = self._vault.seal(identity_id, NAME, kept)
            await replace_credential(
                tx, identity_id, replace(identity.credentials[NAME], config=sealed, updated_at=now)
            )

        return write


def find_code(codes: Sequence[BackupCode], given: str) -> BackupCode | None:
    """Looks at all of them, so that the time taken tells nothing."""
    fitting = [each for each in codes if is_equal(each.code, given)]
    return next(iter(fitting), None)
