"""Recovery where people say to which of their addresses the code goes (`feature_flags.choose_recovery_address`).

Any address of the account opens the choice; where it is sent to has to be typed in full, so that the form tells a
stranger no more than the first two characters. Unknown addresses look like an account with that address alone.
"""

from dataclasses import dataclass, replace

from doorward.flows.codes_store import Recipient
from doorward.flows.contract import Plan, Rejection
from doorward.flows.form import FormProblem, with_problems
from doorward.flows.messages import Words
from doorward.flows.model import Flow, FlowState, Node
from doorward.flows.proof_fields import ProofForm
from doorward.flows.recovery_form import (
    ADDRESS,
    BACK,
    CONFIRM,
    SCREEN,
    SELECT,
    asking_nodes,
    awaiting_nodes,
    choice_of,
    choosing_nodes,
    confirming_nodes,
    masked,
)
from doorward.flows.recovery_plans import Redrawn, SendRecovery
from doorward.flows.recovery_settings import RecoveryTools
from doorward.flows.request import FlowRequest
from doorward.identities.model import Identity, RecoveryAddress
from doorward.identities.normalise import normalise_address, normalise_identifier, normalise_phone
from doorward.identities.store import find_by_recovery_address

NOT_OFFERED = "Please choose one of the addresses that are offered."


@dataclass(frozen=True, slots=True)
class Asked:
    """One submission; `owner` has the address that was typed first, and `addresses`, in the order of the offer."""

    flow: Flow
    form: ProofForm
    request: FlowRequest
    owner: Identity | None
    addresses: list[RecoveryAddress]

    @property
    def typed(self) -> str:
        return self.form.text(ADDRESS)


class RecoveryChoice:
    """The steps before the code."""

    def __init__(self, tools: RecoveryTools) -> None:
        self._tools = tools

    async def step(self, flow: Flow, form: ProofForm, request: FlowRequest) -> Rejection | Plan:
        """What a submission leads to: another form, or a code that is sent."""
        words, missing = self._tools.catalogue.words(flow.language), _missing_field(flow, form)
        is_back = form.text(SCREEN) == BACK
        if missing and not is_back:
            return _rejected(flow, FormProblem(missing, words.say(4000002, {"property": missing})))
        owner, addresses = await self._known(form.text(ADDRESS) or form.text(CONFIRM))
        if is_back:
            return self._back(flow, form, addresses, words)
        asked = Asked(flow, form, request, owner, addresses)
        match flow.state:
            case FlowState.AWAITING_CHOICE:
                return self._selected(asked)
            case FlowState.CONFIRMING_ADDRESS | FlowState.AWAITING_CODE:
                # A wrong address looks like success; another one may follow.
                return self._sent(asked, form.text(CONFIRM))
            case _:
                return self._started(asked)

    def _started(self, asked: Asked) -> Plan:
        if not has_choice(asked.addresses, asked.typed):
            return self._sent(asked, asked.typed)
        words = self._tools.catalogue.words(asked.flow.language)
        return Redrawn(self._tools, _choosing(asked.flow, words, asked.addresses, asked.typed), asked.form.payload)

    def _selected(self, asked: Asked) -> Rejection | Plan:
        flow, wanted = asked.flow, asked.form.text(SELECT)
        words = self._tools.catalogue.words(flow.language)
        chosen = next((each for each in asked.addresses if choice_of(each.value) == wanted), None)
        if chosen is None:
            return _rejected(flow, FormProblem(None, words.say(4000001, {"reason": NOT_OFFERED})))
        if chosen.value == asked.typed:
            return self._sent(asked, asked.typed)
        confirming = flow.with_ui(nodes=confirming_nodes(words, chosen, asked.typed), messages=[words.say(1060005)])
        return Redrawn(self._tools, replace(confirming, state=FlowState.CONFIRMING_ADDRESS), asked.form.payload)

    def _sent(self, asked: Asked, shown: str) -> Plan:
        flow, request = asked.flow, asked.request
        words = self._tools.catalogue.words(flow.language)
        message = words.say(1060004, {"masked_address": masked(shown)})
        nodes = awaiting_nodes(words, shown, asked.typed)
        waiting = replace(flow.with_ui(nodes=nodes, messages=[message]), state=FlowState.AWAITING_CODE)
        to = _recipient(shown, asked.addresses, asked.owner)
        known = asked.owner if to.identity_id else None
        payload = asked.form.payload
        return SendRecovery(self._tools, waiting, to, known, payload, request.trace_id, request.counted_address)

    def _back(self, flow: Flow, form: ProofForm, addresses: list[RecoveryAddress], words: Words) -> Plan:
        typed = form.text(ADDRESS)
        if flow.state is not FlowState.AWAITING_CHOICE and has_choice(addresses, typed):
            return Redrawn(self._tools, _choosing(flow, words, addresses, typed), form.payload)
        asking = flow.with_ui(nodes=asking_nodes(words), messages=())
        return Redrawn(self._tools, replace(asking, state=FlowState.AWAITING_ADDRESS), form.payload)

    async def _known(self, typed: str) -> tuple[Identity | None, list[RecoveryAddress]]:
        """Whose address it is, and all that are theirs in the order in which they are offered."""
        via = _via(typed)
        value = normalise_address(typed, via)
        owner = await find_by_recovery_address(self._tools.database.reader, via, value)
        return owner, sorted(owner.recovery_addresses, key=lambda each: each.value) if owner else []


def _missing_field(flow: Flow, form: ProofForm) -> str:
    """The field that a step cannot do without and that was not filled in, "" for none. Whoever confirms an address, or
    asks for another code, need not say again what was typed first (as in Kratos).
    """
    match flow.state:
        case FlowState.AWAITING_CHOICE:
            needed = [SELECT, ADDRESS]
        case FlowState.CONFIRMING_ADDRESS | FlowState.AWAITING_CODE:
            needed = [CONFIRM]
        case _:
            needed = [ADDRESS]
    return next((name for name in needed if not form.text(name)), "")


def has_choice(addresses: list[RecoveryAddress], typed: str) -> bool:
    """Several addresses; or one that was typed otherwise than it is kept: whoever asked may not know it."""
    return len(addresses) > 1 or any(each.value != typed for each in addresses)


def _choosing(flow: Flow, words: Words, addresses: list[RecoveryAddress], typed: str) -> Flow:
    nodes: list[Node] = choosing_nodes(words, addresses, typed)
    return replace(flow.with_ui(nodes=nodes, messages=[words.say(1060006)]), state=FlowState.AWAITING_CHOICE)


def _recipient(address: str, addresses: list[RecoveryAddress], owner: Identity | None) -> Recipient:
    """Where a code goes; to nobody's address unless it is one of the account's."""
    wanted = normalise_identifier(address)
    for each in addresses:
        if owner is not None and normalise_identifier(each.value) == wanted:
            return Recipient(each.via, each.value, owner.id)
    via = _via(address)
    return Recipient(via, normalise_address(address, via))


def _via(address: str) -> str:
    return "sms" if normalise_phone(address.strip()) else "email"


def _rejected(flow: Flow, *problems: FormProblem) -> Rejection:
    return Rejection(replace(flow, ui=with_problems(flow.ui, problems)))
