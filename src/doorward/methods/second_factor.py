"""How the forms of second factors say no: what was typed is taken out of them."""

from dataclasses import replace

from doorward.flows.contract import Rejection
from doorward.flows.form import FormProblem, with_problems
from doorward.flows.login_contract import LoginForm
from doorward.flows.model import Node

TYPED = frozenset({"totp_code", "lookup_secret"})


def refused(form: LoginForm, *problems: FormProblem) -> Rejection:
    """The form again. A code is never shown again (as in Kratos)."""
    flow = form.flow.with_ui(nodes=[_emptied(node) if node.name in TYPED else node for node in form.flow.ui.nodes])
    return Rejection(replace(flow, ui=with_problems(flow.ui, problems)))


def _emptied(node: Node) -> Node:
    return replace(node, attributes={name: value for name, value in node.attributes.items() if name != "value"})
