"""The inputs of a batch: read, capped, and looked over for what makes HubSpot refuse the batch as a whole."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portalsim import problems
from portalsim.contacts.single import require_values
from portalsim.portal import Portal
from portalsim.problems import Invalid, Problem
from portalsim.values import as_text, checked

CAP, CAP_WITH_HISTORY = 100, 50


@dataclass(frozen=True, slots=True)
class Input:
    """`key` is the `id` of the input, empty for a create."""

    key: str
    id_property: str | None
    properties: Mapping[str, Any] = field(repr=False)
    trace_id: str | None

    @property
    def identity(self) -> tuple[str, str]:
        """What must not come twice in a batch."""
        folded = self.key.strip().lower() if self.id_property == "email" else self.key
        return (self.id_property or "", folded)


def read_inputs(body: Mapping[str, Any], *, needs_key: bool, cap: int = CAP, histories: bool = False) -> list[Input]:
    """Raises Problem: no list, too many, an input without id, the same id twice."""
    given = body.get("inputs")
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        raise problems.broken_json(1, 1, "inputs is missing or no list of objects")
    if len(given) > cap:
        raise problems.too_many_inputs(cap, histories)
    inputs = [_read(each) for each in given]
    if needs_key:
        if not all(each.key for each in inputs):
            raise problems.validation("Every input needs an id")
        repeated = [identity for identity, count in Counter(each.identity for each in inputs).items() if count > 1]
        if repeated:
            raise problems.duplicate_ids([key for _, key in repeated])
    return inputs


def is_traced(inputs: Sequence[Input]) -> bool:
    """Per-record answers need a trace id on every input, all different."""
    traces = {each.trace_id for each in inputs}
    return None not in traces and len(traces) == len(inputs)


def require_all_values(portal: Portal, inputs: Sequence[Input], settable: frozenset[str] = frozenset()) -> None:
    """Everything that is wrong in any input, as one problem."""
    wrong: list[Invalid] = []
    for each in inputs:
        wrong += checked(each.properties, portal.catalogue.live, settable)[1]
    if wrong:
        capped = portal.switches.is_on("errors_capped_at_3")
        raise problems.invalid_values(wrong, portal.account.portal_id, capped=capped)


def values_of(portal: Portal, given: Input, settable: frozenset[str] = frozenset()) -> Mapping[str, str]:
    return require_values(portal, given.properties, settable)


def record_error(refused: Problem, trace_id: str | None) -> dict[str, Any]:
    """A refusal as an entry of `errors`."""
    shape = {name: value for name, value in refused.body.items() if name not in ("correlationId", "identityProfile")}
    context: dict[str, Any] = dict(shape.get("context") or {})
    if trace_id is not None:
        context["objectWriteTraceId"] = [trace_id]
    context.update(refused.record)
    return {**shape, "context": context}


def _read(given: Mapping[str, Any]) -> Input:
    properties = given.get("properties")
    trace = given.get("objectWriteTraceId")
    id_property = given.get("idProperty")
    return Input(
        key=as_text(given.get("id")),
        id_property=str(id_property) if id_property else None,
        properties=properties if isinstance(properties, Mapping) else {},
        trace_id=None if trace is None else str(trace),
    )
