"""The first of two steps of signing in: who it is, then how. Whoever has nothing but a code gets it at once.

When the step is repeated its buttons are there once more, as in Kratos; our own pages show each once.
"""

from collections.abc import Sequence
from dataclasses import replace

from doorward.flows.answers import Why
from doorward.flows.contract import Plan, Refused, Rejection
from doorward.flows.form import FormProblem
from doorward.flows.login_contract import (
    AAL1,
    Authenticated,
    LoginForm,
    LoginMethod,
    LoginStage,
    LoginView,
)
from doorward.flows.login_form import rejected_login
from doorward.flows.model import Flow, Node
from doorward.flows.nodes import csrf_node, input_node, submit_node
from doorward.flows.payload import TRANSIENT, payload_of
from doorward.flows.request import FieldTypes
from doorward.identities.model import Identity
from doorward.identities.normalise import normalise_identifier
from doorward.identities.store import find_by_identifier
from doorward.methods.code_login import CodeLogin
from doorward.methods.password_login import has_password
from doorward.storage.contract import Database

NAME = "identifier_first"
IDENTIFIER = "identifier"
AUTOCOMPLETE = "username webauthn"


class IdentifierFirst:
    """`selfservice.flows.login.style: identifier_first`. Asked last: whatever is nobody else's is the first step."""

    name = NAME

    def __init__(
        self, database: Database, others: Sequence[LoginMethod], code: CodeLogin | None, *, is_mitigated: bool
    ) -> None:
        """`others` are the ways that the second step offers. `is_mitigated`: it never tells who has an account."""
        self._database = database
        self._others = tuple(others)
        self._code = code
        self._is_mitigated = is_mitigated

    @property
    def fields(self) -> FieldTypes:
        return {IDENTIFIER: "string", "screen": "string"}

    def nodes(self, view: LoginView) -> Sequence[Node]:
        """The first step's field and button."""
        if view.stage is not LoginStage.IDENTIFIER:
            return ()
        words = view.words
        typed = input_node(
            IDENTIFIER,
            "text",
            NAME,
            words.say(1070004),
            required=True,
            value="",
            autocomplete=AUTOCOMPLETE,
        )
        return (typed, submit_node("method", NAME, NAME, words.say(1070009)))

    def is_mine(self, form: LoginForm) -> bool:
        return form.aal == AAL1

    def check(self, form: LoginForm) -> Sequence[FormProblem]:
        return ()

    async def login(self, form: LoginForm) -> Authenticated | Refused | Rejection | Plan:
        """The second step; or that there is no such account, where that may be told."""
        identity = await self._find(normalise_identifier(form.text(IDENTIFIER)))
        if identity is None and not self._is_mitigated:
            return self._unknown(form)
        if self._code is None:
            known = has_password(identity) or self._is_mitigated
            return self._second_step(form, identity) if known else self._unknown(form)
        return self._with_codes(form, identity, self._code)

    def _with_codes(self, form: LoginForm, identity: Identity | None, code: CodeLogin) -> Refused | Rejection | Plan:
        address = normalise_identifier(form.text(IDENTIFIER))
        credential = identity.credentials.get("code") if identity else None
        if credential is None or address not in credential.identifiers:
            problem = FormProblem(None, form.words.say(4000035))
            offered = self._offered(form, identity)
            nodes = [*form.flow.ui.nodes, *(each for each in offered if not _has(form.flow, each))]
            return rejected_login(form.flow.with_ui(nodes=nodes), problem)
        if not has_password(identity) and not self._is_mitigated:
            return code.send_to(form, address, identity)
        return self._second_step(form, identity)

    async def _find(self, identifier: str) -> Identity | None:
        reader = self._database.reader
        for kind in ("password", "code"):
            found = await find_by_identifier(reader, kind, identifier, with_credentials=True)
            if found is not None:
                return found
        return None

    def _offered(self, form: LoginForm, identity: Identity | None) -> list[Node]:
        view = LoginView(form.flow, LoginStage.CREDENTIALS, form.words, identity, is_mitigated=self._is_mitigated)
        return [node for method in self._others for node in method.nodes(view)]

    def _second_step(self, form: LoginForm, identity: Identity | None) -> Rejection:
        """The identifier is kept hidden; the ways to go on stand below it."""
        typed = form.text(IDENTIFIER)
        asked = form.flow.ui.find_node(IDENTIFIER)
        known = asked or input_node(IDENTIFIER, "hidden", NAME, form.words.say(1070004), required=True)
        hidden = known.with_attributes(type="hidden", value=typed, autocomplete=AUTOCOMPLETE)
        nodes = [replace(node, messages=()) for node in form.flow.ui.nodes if node.attributes.get("value") != NAME]
        for node in (hidden, csrf_node(), *self._offered(form, identity)):
            _put(nodes, replace(node, messages=()))
        flow = form.flow.with_ui(nodes=nodes, messages=())
        # The payload is shown in this answer and not kept (as in Kratos).
        told = {TRANSIENT: payload_of(form.values)}
        return Rejection(replace(flow, active=NAME, beside={**flow.beside, **told}), Why.CHALLENGED)

    def _unknown(self, form: LoginForm) -> Rejection:
        return rejected_login(form.flow, FormProblem(IDENTIFIER, form.words.say(4000037)))


def _put(nodes: list[Node], node: Node) -> None:
    """A field takes the place of the one of its name; a button stands below what is there."""
    place = next((place for place, each in enumerate(nodes) if each.name == node.name), None)
    if place is None or node.name == "method":
        nodes.append(node)
    else:
        nodes[place] = node


def _has(flow: Flow, node: Node) -> bool:
    """Whether the form has this field or button already."""
    value = node.attributes.get("value")
    return any(each.name == node.name and each.attributes.get("value") == value for each in flow.ui.nodes)
