"""Reads what is sent to recovery and verification: a form, JSON, or the query of a link that was followed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from doorward.flows.form import FormProblem
from doorward.flows.messages import Words
from doorward.flows.payload import payload_problems, read_payload
from doorward.flows.request import FieldTypes, FlowRequest


@dataclass(frozen=True, slots=True)
class ProofForm:
    """What was sent. `problems` are about a form that could not be read, or a payload of the wrong type."""

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)
    problems: tuple[FormProblem, ...] = ()

    def text(self, name: str) -> str:
        """A field's text, "" where there is none."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""


async def read_proof(request: FlowRequest, fields: FieldTypes, words: Words) -> ProofForm:
    """The body's fields before the query's of the same name; a GET has the query only.

    Raises UnreadableSubmission.
    """
    query = {name: request.query[name] for name in fields if request.query.get(name)}
    if request.method == "GET":
        return ProofForm(query)
    body = await request.read({**fields, "transient_payload": "object"})
    if body.problem is not None:
        return ProofForm(query, problems=(FormProblem(None, words.say(4000001, {"reason": body.problem})),))
    payload = read_payload(body.values)
    return ProofForm(
        {**query, **body.values},
        payload if isinstance(payload, Mapping) else {},
        payload_problems(payload, words),
    )
