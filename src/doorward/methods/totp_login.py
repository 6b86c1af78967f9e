"""A code of an authenticator app as second factor. Each signs in once: who looks over a shoulder comes too late."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from doorward.clock import Clock
from doorward.flows.contract import Refused, Rejection
from doorward.flows.form import FormProblem
from doorward.flows.login_contract import AAL2, Authenticated, LoginForm, LoginView, Write
from doorward.flows.login_plan import ProofSpent
from doorward.flows.model import Node
from doorward.flows.nodes import input_node, submit_node
from doorward.flows.request import FieldTypes
from doorward.identities.vault import CredentialVault
from doorward.methods.second_factor import refused
from doorward.methods.totp_settings import CODE, NAME, URL, is_linked
from doorward.security.one_time_password import SKEW, read_totp
from doorward.storage.contract import Transaction

DIGITS_MIN = 6


class TotpLogin:
    """`selfservice.methods.totp`, in login."""

    name = NAME

    def __init__(self, vault: CredentialVault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock

    @property
    def fields(self) -> FieldTypes:
        return {CODE: "string"}

    def nodes(self, view: LoginView) -> Sequence[Node]:
        """For a second factor of somebody who has an app."""
        if view.aal != AAL2 or view.identity is None or not is_linked(view.identity):
            return ()
        return (
            input_node(CODE, "text", NAME, view.words.say(1010006), required=True, value=""),
            submit_node("method", NAME, NAME, view.words.say(1010009)),
        )

    def is_mine(self, form: LoginForm) -> bool:
        return form.aal == AAL2 and form.values.get("method") == NAME

    def check(self, form: LoginForm) -> Sequence[FormProblem]:
        return ()

    async def login(self, form: LoginForm) -> Authenticated | Refused | Rejection:
        """The periods around now count, each once."""
        words, code = form.words, form.text(CODE)
        if not code:
            return refused(form, FormProblem(CODE, words.say(4000002, {"property": CODE})))
        if len(code) < DIGITS_MIN:
            # The blanks around it count here (as in Kratos).
            short = words.say(4000003, {"min_length": DIGITS_MIN, "actual_length": len(code)})
            return refused(form, FormProblem(CODE, short))
        identity = form.identity
        config = None if identity is None else self._vault.find(identity, NAME)
        if identity is None or config is None:
            return refused(form, FormProblem(None, words.say(4000011)))
        totp = read_totp(str(config[URL]))
        step = None if totp is None else totp.find_step(code, self._clock.now())
        if step is None:
            return refused(form, FormProblem(None, words.say(4000008)))
        return Authenticated(identity, NAME, AAL2, (_use(identity.id, step, self._clock.now()),))


def _use(identity_id: UUID, step: int, now: datetime) -> Write:
    """Uses a code up, exactly once even if it comes twice at the same time; old ones are forgotten."""

    async def write(tx: Transaction) -> None:
        values = {"identity_id": identity_id, "step": step}
        written = await tx.execute(
            """
            INSERT INTO used_totp_steps (identity_id, step, used_at) VALUES (:identity_id, :step, :now)
            ON CONFLICT DO NOTHING
            """,
            {**values, "now": now},
        )
        if written != 1:
            raise ProofSpent(4000008)
        await tx.execute(
            "DELETE FROM used_totp_steps WHERE identity_id = :identity_id AND step < :oldest",
            {"identity_id": identity_id, "oldest": step - 2 * SKEW - 1},
        )

    return write
