"""The batch endpoints: create, read, update, upsert, archive."""

from collections import Counter
from typing import Any

from portalsim import problems
from portalsim.call import Answer, Call, Operation, versioned
from portalsim.clock import iso
from portalsim.contacts import batch_write, lookup, writes
from portalsim.contacts.batch_input import CAP, CAP_WITH_HISTORY, Input, is_traced, read_inputs, values_of
from portalsim.contacts.batch_write import Missing, Outcome
from portalsim.contacts.history import with_history
from portalsim.contacts.model import Contact
from portalsim.contacts.single import READ, WRITE, known_names
from portalsim.contacts.upsert import Upsert
from portalsim.portal import Portal
from portalsim.standard import SETTABLE_AT_CREATION
from portalsim.values import as_text


def create(portal: Portal, call: Call) -> Answer:
    """201; version 2025-09 says 200."""
    inputs = read_inputs(call.object(), needs_key=False)
    emails = Counter(as_text(each.properties.get("email")).strip().lower() for each in inputs)
    seen: set[str] = set()

    def write_one(given: Input) -> tuple[Contact, None]:
        email = as_text(given.properties.get("email")).strip().lower()
        if email and emails[email] > 1 and (email in seen or not is_traced(inputs)):
            raise problems.conflict(None)
        seen.add(email)
        values = values_of(portal, given, SETTABLE_AT_CREATION)
        return writes.create(portal, values, call.origin, given.trace_id), None

    status = 200 if call.version == "2025-09" else 201
    return batch_write.write(portal, call, inputs, write_one, settable=SETTABLE_AT_CREATION, status=status)


def update(portal: Portal, call: Call) -> Answer:
    """By record id; by a unique property the spec says, and it works here too."""
    inputs = read_inputs(call.object(), needs_key=True)

    def write_one(given: Input) -> tuple[Contact, None]:
        contact = lookup.find_any(portal, given.key, given.id_property)
        if contact is None:
            raise Missing
        return writes.change(portal, contact, values_of(portal, given), call.origin, given.trace_id), None

    return batch_write.write(portal, call, inputs, write_one)


def upsert(portal: Portal, call: Call) -> Answer:
    inputs = read_inputs(call.object(), needs_key=True)
    for name in {each.id_property or lookup.RECORD_ID for each in inputs}:
        lookup.require_key(portal, name)
    return batch_write.write(portal, call, inputs, Upsert(portal, call.origin))


def read(portal: Portal, call: Call) -> Answer:
    """Unknown ids make one error; order is as asked (nothing is written, nothing is shuffled)."""
    body = call.object()
    histories = known_names(portal, _names(body.get("propertiesWithHistory")))
    cap = CAP_WITH_HISTORY if histories else CAP
    inputs = read_inputs(body, needs_key=True, cap=cap, histories=bool(histories))
    names = [*known_names(portal, _names(body.get("properties"))), *histories]
    id_property = body.get("idProperty") or None
    is_archived = call.text("archived") == "true"
    outcome, started_at = Outcome(), iso(portal.clock.now())
    for each in inputs:
        contact = lookup.find_any(portal, each.key, id_property, archived=is_archived)
        if contact is None:
            outcome.missing.append(each.key)
            continue
        shown = contact.to_json(names, lookup.link(portal))
        outcome.results.append(with_history(portal, contact, shown, histories))
    return batch_write.answer(portal, call, outcome, started_at=started_at, status=200)


def archive(portal: Portal, call: Call) -> Answer:
    """Unknown ids are not reported."""
    for each in read_inputs(call.object(), needs_key=True):
        contact = lookup.find_any(portal, each.key, None)
        if contact is not None:
            writes.archive(portal, contact, call.origin)
    return Answer(204)


def _names(given: Any) -> list[str]:
    return [str(each) for each in given] if isinstance(given, list) else []


def _paths(verb: str) -> tuple[str, ...]:
    return versioned("crm", "objects", f"/{{type}}/batch/{verb}")


OPERATIONS = (
    Operation("POST", _paths("create"), create, "write", WRITE, "contact.create"),
    Operation("POST", _paths("read"), read, "read", READ),
    Operation("POST", _paths("update"), update, "write", WRITE, "contact.update"),
    Operation("POST", _paths("upsert"), upsert, "write", WRITE, "contact.upsert"),
    Operation("POST", _paths("archive"), archive, "write", WRITE, "contact.archive"),
)
