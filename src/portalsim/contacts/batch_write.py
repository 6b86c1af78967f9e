"""Batches that write: all or nothing without trace ids, per record with them. Results come in another order.

Source: HubSpot's error-handling page; the per-record rule for upserts was seen on live portals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portalsim import problems
from portalsim.call import Answer, Call
from portalsim.clock import iso
from portalsim.contacts import lookup
from portalsim.contacts.batch_input import Input, is_traced, record_error, require_all_values
from portalsim.contacts.model import Contact
from portalsim.ledger import REJECTED, Entry
from portalsim.portal import Portal
from portalsim.problems import Problem

WriteOne = Callable[[Input], tuple[Contact, bool | None]]
"""Applies one input; the second is `new`, None where the answer does not say."""


@dataclass(slots=True)
class Outcome:
    """What became of the inputs. `missing` are ids that nobody has."""

    results: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


class Missing(Exception):
    """No contact has this id; the batch goes on, traced or not."""


def write(
    portal: Portal,
    call: Call,
    inputs: Sequence[Input],
    write_one: WriteOne,
    *,
    settable: frozenset[str] = frozenset(),
    status: int = 200,
) -> Answer:
    """Raises Problem when the whole batch is refused; then nothing was written, and the ledger has a line per input."""
    started = portal.clock.now()
    try:
        with portal.database.together():
            outcome = (
                _write_each(portal, call, inputs, write_one)
                if is_traced(inputs)
                else _write_all(portal, inputs, write_one, settable)
            )
    except Problem as refused:
        for each in inputs:
            reject(portal, call, each, refused.code)
        raise
    for key in outcome.missing:
        _reject_missing(portal, call, key)
    return answer(portal, call, outcome, started_at=iso(started), status=status)


def answer(portal: Portal, call: Call, outcome: Outcome, *, started_at: str, status: int) -> Answer:
    """The batch body; 207 when something failed."""
    errors = list(outcome.errors)
    if outcome.missing:
        shape = problems.batch_missing(outcome.missing).body
        errors.append(shape)
    results = outcome.results
    if portal.switches.is_on("shuffle_results"):
        portal.rng.shuffle(results)
    now = iso(portal.clock.now())
    body: dict[str, Any] = {
        "status": "COMPLETE",
        "results": results,
        "requestedAt": started_at,
        "startedAt": started_at,
        "completedAt": now,
    }
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
        is_folded = call.version == "2026-09" and portal.switches["partial_status_2026_09"] == "200"
        status = status if is_folded else 207
    return Answer(status, body)


def reject(portal: Portal, call: Call, given: Input, code: str) -> None:
    """The line of an attempt that changed nothing."""
    unique = {name: str(given.properties[name]) for name in portal.catalogue.unique_names if given.properties.get(name)}
    if given.id_property and given.id_property != "email":
        unique[given.id_property] = given.key
    email = given.key if given.id_property == "email" else given.properties.get("email")
    portal.ledger.add(
        Entry(
            call.origin,
            portal.clock.now_ms(),
            REJECTED,
            trace_id=given.trace_id,
            email=str(email) if email else None,
            unique_values=unique,
            code=code,
        )
    )


def _write_each(portal: Portal, call: Call, inputs: Sequence[Input], write_one: WriteOne) -> Outcome:
    outcome = Outcome()
    for each in inputs:
        try:
            _spoil(portal, call)
            with portal.database.together():
                contact, is_new = write_one(each)
        except Missing:
            outcome.missing.append(each.key)
        except Problem as refused:
            reject(portal, call, each, refused.code)
            outcome.errors.append(record_error(refused, each.trace_id))
        else:
            outcome.results.append(_shown(portal, contact, each, is_new))
    return outcome


def _write_all(portal: Portal, inputs: Sequence[Input], write_one: WriteOne, settable: frozenset[str]) -> Outcome:
    require_all_values(portal, inputs, settable)
    outcome = Outcome()
    for each in inputs:
        try:
            contact, is_new = write_one(each)
        except Missing:
            outcome.missing.append(each.key)
        else:
            outcome.results.append(_shown(portal, contact, each, is_new))
    return outcome


def _shown(portal: Portal, contact: Contact, given: Input, is_new: bool | None) -> dict[str, Any]:
    more: dict[str, Any] = {} if given.trace_id is None else {"objectWriteTraceId": given.trace_id}
    names = given.properties if is_new is False else contact.all_names()
    if is_new is not None:
        more["new"] = is_new
    return contact.to_json(names, lookup.link(portal), **more)


def _spoil(portal: Portal, call: Call) -> None:
    if call.spoiled_share and portal.rng.random() < call.spoiled_share:
        raise problems.problem(500, "There was a problem with this record.", call.spoiled_category)


def _reject_missing(portal: Portal, call: Call, key: str) -> None:
    nobody: Mapping[str, Any] = {}
    reject(portal, call, Input(key, None, nobody, None), "OBJECT_NOT_FOUND")
