"""Reads a submitted registration form: which fields it has, the traits in it, what is plainly wrong with it; and shows
it again with that. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from doorward.flows.contract import Form, RegistrationMethod, Rejection
from doorward.flows.errors import UnreadableSubmission
from doorward.flows.form import FormProblem, with_problems
from doorward.flows.messages import Words
from doorward.flows.model import Flow
from doorward.flows.ordering import FIELDS, sort_registration
from doorward.flows.payload import TRANSIENT, payload_problems, read_payload
from doorward.flows.request import FieldTypes
from doorward.flows.violations import problems_of
from doorward.identities.schema import IdentitySchema

OWN_FIELDS: FieldTypes = {"method": "string", "csrf_token": "string", TRANSIENT: "object"}


@dataclass(frozen=True, slots=True)
class Submission:
    """A form and what goes with it to hooks and actions without being stored."""

    form: Form
    transient_payload: Any = field(repr=False)

    @property
    def payload(self) -> Mapping[str, Any]:
        return self.transient_payload if isinstance(self.transient_payload, Mapping) else {}


def field_types(schema: IdentitySchema, methods: Iterable[RegistrationMethod]) -> dict[str, str]:
    """Every field of the form by its dotted name."""
    types = dict(OWN_FIELDS)
    for method in methods:
        types.update(method.fields)
    types.update({each.name: each.form_type for each in schema.fields})
    return types


def read_submission(
    values: Mapping[str, Any], schema: IdentitySchema, words: Words, flow: Flow, ip_address: str = ""
) -> Submission:
    """Raises UnreadableSubmission for traits that are a list and for transient payloads that are no JSON."""
    traits = values.get("traits")
    if isinstance(traits, list):
        raise UnreadableSubmission("traits have to be an object.")
    filled = filled_traits(traits if isinstance(traits, Mapping) else {}, schema)
    return Submission(Form(values, filled, schema, words, flow, ip_address), read_payload(values))


def filled_traits(traits: Mapping[str, Any], schema: IdentitySchema) -> dict[str, Any]:
    """The traits with an empty object for every object that was not sent, as Kratos stores them."""
    filled = _copied(traits)
    for each in schema.fields:
        node = filled
        containers = each.path if each.type == "object" else each.path[:-1]
        for place, part in enumerate(containers):
            inner = node.setdefault(part, {})
            if not isinstance(inner, dict | list) and place + 1 < len(containers):
                # Where an object within is put into it, a text gives way, as in Kratos; else the schema refuses it.
                inner = node[part] = {}
            if not isinstance(inner, dict):
                break
            node = inner
    return filled


def plain_problems(submission: Submission, methods: Sequence[RegistrationMethod]) -> tuple[FormProblem, ...]:
    """What the schema, the methods and the payload's type have against it; all at once, so that nobody asks twice."""
    form = submission.form
    problems = [*problems_of(form.schema.validate(form.traits), form.traits, form.words)]
    for method in methods:
        problems += method.check(form)
    problems += payload_problems(submission.transient_payload, form.words)
    return tuple(problems)


def _copied(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copied(inner) if isinstance(inner, Mapping) else inner for key, inner in value.items()}


def rejected_registration(flow: Flow, *problems: FormProblem) -> Rejection:
    """The form after a mistake, in its order."""
    ui = with_problems(flow.ui, problems)
    return Rejection(replace(flow, ui=replace(ui, nodes=sort_registration(ui.nodes, flow.internal[FIELDS]))))
