"""`transient_payload`: what a client passes on to hooks, actions and templates, and nobody stores with the person."""

from collections.abc import Mapping
from typing import Any

import orjson

from doorward.flows.errors import UnreadableSubmission
from doorward.flows.form import FormProblem
from doorward.flows.messages import Words
from doorward.identities.schema_violations import json_type

TRANSIENT = "transient_payload"


def read_payload(values: Mapping[str, Any]) -> Any:
    """The payload of a form; forms send it as JSON text. Raises UnreadableSubmission for a text that is none."""
    value = values.get(TRANSIENT)
    if value is None or value == "":
        return {}
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise UnreadableSubmission("transient_payload has to be a JSON object.") from None


def payload_problems(payload: Any, words: Words) -> tuple[FormProblem, ...]:
    """A message where it is no object."""
    if isinstance(payload, Mapping):
        return ()
    found = json_type(payload)
    # Kratos has but one kind of number.
    context = {"allowed_types": ["object"], "actual_type": "number" if found == "integer" else found}
    return (FormProblem(TRANSIENT, words.say(4000026, context, expected="object")),)


def payload_of(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The payload of a form whose payload has no problem."""
    payload = read_payload(values)
    return payload if isinstance(payload, Mapping) else {}
