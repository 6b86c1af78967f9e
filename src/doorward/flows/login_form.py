"""The login form after a mistake: what was typed stays, the messages stand beside the fields, the order is Kratos's."""

from dataclasses import replace

from doorward.flows.contract import Rejection
from doorward.flows.form import FormProblem, with_problems
from doorward.flows.model import CSRF_FIELD, Flow
from doorward.flows.nodes import csrf_node
from doorward.flows.ordering import sort_login


def rejected_login(flow: Flow, *problems: FormProblem) -> Rejection:
    """After a mistake every form has its CSRF field, native clients' too (as in Kratos)."""
    ui = with_problems(flow.ui, problems)
    has_csrf = not ui.nodes or any(node.name == CSRF_FIELD for node in ui.nodes)
    nodes = ui.nodes if has_csrf else (csrf_node(), *ui.nodes)
    return Rejection(replace(flow, ui=replace(ui, nodes=sort_login(nodes))))


def vetoed_login(flow: Flow, *problems: FormProblem) -> Rejection:
    """After a hook's objection: the form as it was, with what the hook says."""
    ui = with_problems(flow.ui, problems)
    return Rejection(replace(flow, ui=replace(ui, nodes=sort_login(ui.nodes))))
