"""A one-time code as second factor: sent to one of the person's own addresses, at once where there is nothing else.

Whom a flow's code was sent to is kept with the code, so that the code raises nobody else's session. Unlike Kratos, an
address that is not the person's own gets no mail.
"""

from collections.abc import Sequence
from dataclasses import replace

from doorward.errors import InvalidInput
from doorward.flows.code_form import CODE, IDENTIFIER, METHOD, RESEND, code_nodes, with_bare_identifier, with_identifier
from doorward.flows.code_plans import CodeMissed, CodeSending
from doorward.flows.codes import Miss
from doorward.flows.codes_sender import Errand
from doorward.flows.codes_store import Purpose, Recipient
from doorward.flows.contract import Furnished, Plan, Refused, Rejection
from doorward.flows.form import FormProblem
from doorward.flows.login_contract import AAL2, Authenticated, LoginForm, LoginView
from doorward.flows.login_form import rejected_login
from doorward.flows.messages import Words
from doorward.flows.model import Flow, FlowState, Node, query_value
from doorward.flows.nodes import submit_node
from doorward.flows.request import FieldTypes
from doorward.identities.model import Identity
from doorward.identities.normalise import normalise_identifier, via_of
from doorward.identities.schema import texts_at
from doorward.identities.verified import with_verified
from doorward.methods.code_proof import CodeTools, asked_errand, use_code
from doorward.storage.contract import Transaction

ADDRESS, VIA = "address", "via"


class CodeSecondFactor:
    """`selfservice.methods.code` with `mfa_enabled`, in login."""

    name = CODE

    def __init__(self, tools: CodeTools) -> None:
        self._tools = tools

    @property
    def fields(self) -> FieldTypes:
        return {CODE: "string", RESEND: "string", IDENTIFIER: "string", ADDRESS: "string"}

    def nodes(self, view: LoginView) -> Sequence[Node]:
        """A button for every address, or for the one that `via` names. Raises InvalidInput: `via` names none, though
        there are some.
        """
        if view.aal != AAL2 or view.identity is None:
            return ()
        addresses = self._offered(view.identity)
        trait = query_value(view.flow.request_url, VIA)
        if trait:
            named = [normalise_identifier(each) for each in texts_at(view.identity.traits, trait.split("."))]
            is_mistaken = not named or bool(addresses) or self._tools.is_fallback_on
            addresses = tuple(each for each in addresses if each in named)
            if not addresses and is_mistaken:
                raise InvalidInput("There is no address of this name that a code could be sent to.")
        return [_button(each, view.words) for each in addresses]

    def begin(self, flow: Flow, view: LoginView) -> Furnished | None:
        """Where there is one address and no other factor nobody has to choose: the code is sent with the form."""
        shown = [node for node in flow.ui.nodes if node.group != "default"]
        if view.aal != AAL2 or view.identity is None or len(shown) != 1 or shown[0].name != ADDRESS:
            return None
        address, identity = str(shown[0].attributes["value"]), view.identity
        sent = self._awaiting(flow, address, view.words)
        errand, recipient = Errand(sent, Purpose.LOGIN, ip_address=view.ip_address), _recipient(address, identity)

        async def send(tx: Transaction) -> None:
            await self._tools.sender.send(tx, errand, recipient, identity)

        return Furnished(sent, (send,))

    def is_mine(self, form: LoginForm) -> bool:
        """An address needs no button beside it. A flow that was passed already is nobody's."""
        is_open = form.flow.state in (FlowState.CHOOSE_METHOD, FlowState.SENT_EMAIL)
        method = form.text(METHOD)
        return form.aal == AAL2 and is_open and (method == CODE or (not method and bool(form.text(ADDRESS))))

    def check(self, form: LoginForm) -> Sequence[FormProblem]:
        """Nothing: that an address is missing is told after the sender was looked at (as in Kratos)."""
        return ()

    async def login(self, form: LoginForm) -> Authenticated | Refused | Rejection | Plan:
        """Sends, or takes. The code has to have been sent to whoever is signed in."""
        address = _asked_address(form)
        form = replace(form, flow=form.flow.with_ui(nodes=with_identifier(form.flow.ui.nodes, address)))
        if form.flow.state is not FlowState.SENT_EMAIL or form.text(RESEND):
            return self._sending(form, address)
        waiting = form.flow.with_ui(nodes=with_bare_identifier(form.flow.ui.nodes, address))
        code, tools, identity = form.text(CODE), self._tools, form.identity
        if not code:
            return rejected_login(waiting, _missing(form, CODE))
        found = await tools.sender.codes.peek(tools.database.reader, form.flow.id, Purpose.LOGIN, code)
        if isinstance(found, Miss) or identity is None or found.recipient.identity_id != identity.id:
            return CodeMissed(tools.sender, tools.clock, waiting, form.words, 4010008, rejected_login)
        to = found.recipient
        proven = with_verified(identity, to.via, to.address, tools.clock.now())
        use = use_code(tools, form, code, to)
        return Authenticated(proven, CODE, AAL2, (use,), state=FlowState.PASSED_CHALLENGE)

    def _sending(self, form: LoginForm, address: str) -> Rejection | Plan:
        flow, identity = form.flow, form.identity
        if not address:
            # Another code was asked for without saying where to: that has to be chosen again (as in Kratos).
            return rejected_login(replace(flow, state=FlowState.CHOOSE_METHOD), _missing(form, IDENTIFIER))
        if identity is None or not self._is_own(identity, address):
            return rejected_login(flow, FormProblem(None, form.words.say(4000035)))
        sent = self._awaiting(flow, address, form.words)
        errand = asked_errand(sent, form)
        return CodeSending(self._tools.sender, self._tools.clock, errand, (_recipient(address, identity),), identity)

    def _offered(self, identity: Identity) -> tuple[str, ...]:
        """Where codes go; for people without a code credential, where that is allowed, to what can be verified."""
        addresses = _addresses(identity)
        if addresses or not self._tools.is_fallback_on:
            return addresses
        return tuple(each.value for each in identity.verifiable_addresses)

    def _is_own(self, identity: Identity, address: str) -> bool:
        others = identity.verifiable_addresses if self._tools.is_fallback_on else ()
        return address in _addresses(identity) or any(each.value == address for each in others)

    def _awaiting(self, flow: Flow, address: str, words: Words) -> Flow:
        """Every address becomes a hidden identifier; the first one is what was chosen (as in Kratos)."""
        kept = [_hidden(node) for node in flow.ui.nodes if node.name in (IDENTIFIER, ADDRESS)]
        nodes = code_nodes(flow, words, 1070013, with_identifier(kept, address))
        return replace(
            flow.with_ui(nodes=nodes, messages=[words.say(1010025)]), state=FlowState.SENT_EMAIL, active=CODE
        )


def _addresses(identity: Identity) -> tuple[str, ...]:
    credential = identity.credentials.get(CODE)
    return tuple(credential.identifiers) if credential else ()


def _asked_address(form: LoginForm) -> str:
    return normalise_identifier(form.text(ADDRESS) or form.text(IDENTIFIER))


def _recipient(address: str, identity: Identity) -> Recipient:
    return Recipient(via_of(address), address, identity.id)


def _button(address: str, words: Words) -> Node:
    label = words.say(1010023, {"address": address, "channel": via_of(address)})
    return submit_node(ADDRESS, address, CODE, label)


def _hidden(node: Node) -> Node:
    return replace(node.with_attributes(name=IDENTIFIER, type="hidden"), messages=())


def _missing(form: LoginForm, name: str) -> FormProblem:
    return FormProblem(name, form.words.say(4000002, {"property": name}))
