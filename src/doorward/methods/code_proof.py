"""A one-time code in a sign-in: why one is sent, and what it proves. It is used up, and the address that brought it is
this person's.
"""

from dataclasses import dataclass, field

from doorward.clock import Clock
from doorward.flows.code_form import CODE
from doorward.flows.codes import Miss
from doorward.flows.codes_sender import CodeSender, Errand
from doorward.flows.codes_store import Purpose, Recipient
from doorward.flows.contract import Write
from doorward.flows.login_contract import LoginForm
from doorward.flows.login_plan import ProofSpent
from doorward.flows.model import Flow
from doorward.flows.payload import payload_of
from doorward.identities.events import Cause
from doorward.identities.service import IdentityService
from doorward.storage.contract import Database, Transaction


@dataclass(frozen=True, slots=True)
class CodeTools:
    """What methods that send codes work with.

    `is_fallback_on`: `methods.code.config.missing_credential_fallback_enabled`, for people without a code credential.
    """

    database: Database = field(repr=False)
    identities: IdentityService = field(repr=False)
    sender: CodeSender = field(repr=False)
    clock: Clock = field(repr=False)
    is_fallback_on: bool = False


def asked_errand(flow: Flow, form: LoginForm) -> Errand:
    """Why a code is sent to somebody who asks for one in a sign-in; `flow` is the form that waits for it."""
    request = form.request
    payload = payload_of(form.values)
    return Errand(flow, Purpose.LOGIN, payload=payload, trace_id=request.trace_id, ip_address=request.counted_address)


def use_code(tools: CodeTools, form: LoginForm, code: str, recipient: Recipient) -> Write:
    """Uses the code up, and the address that brought it is verified by that. The write raises ProofSpent."""
    flow = form.flow
    cause = Cause("flow", str(flow.kind), flow.id, CODE, trace_id=form.request.trace_id, locale=flow.language)

    async def write(tx: Transaction) -> None:
        found = await tools.sender.codes.redeem(tx, flow.id, Purpose.LOGIN, code)
        if isinstance(found, Miss) or recipient.identity_id is None:
            raise ProofSpent(4010008)
        await tools.identities.mark_address_verified(tx, recipient.identity_id, recipient.via, recipient.address, cause)

    return write
