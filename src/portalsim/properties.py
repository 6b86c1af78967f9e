"""The properties API: definitions and groups, single and batch. Source: HubSpot's properties guide and live portals."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from portalsim import problems
from portalsim.call import Answer, Call, Operation, versioned
from portalsim.catalogue import CUSTOM_LIMIT, UNIQUE_LIMIT
from portalsim.definitions import Definition, Group, Option
from portalsim.portal import Portal
from portalsim.problems import Problem

READ = ("crm.schemas.contacts.read", "crm.objects.contacts.read")
WRITE = ("crm.schemas.contacts.write",)
TYPES = ("bool", "date", "datetime", "enumeration", "number", "phone_number", "string")
NEEDED = ("name", "label", "type", "fieldType", "groupName")
NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


def list_properties(portal: Portal, call: Call) -> Answer:
    found = portal.catalogue.list_all(archived=call.text("archived") == "true")
    return Answer(200, {"results": [each.to_json() for each in found]})


def read_property(portal: Portal, call: Call) -> Answer:
    return Answer(200, _get(portal, call.params["name"]).to_json())


def create_property(portal: Portal, call: Call) -> Answer:
    return Answer(201, _create(portal, call.object()).to_json())


def change_property(portal: Portal, call: Call) -> Answer:
    """Options are replaced as a whole; `hasUniqueValue` is taken and ignored."""
    old, body = _get(portal, call.params["name"]), call.object()
    if old.is_standard and set(body) - {"options"}:
        raise problems.validation(f"{old.name} is defined by HubSpot and cannot be changed")
    changed = replace(
        old,
        label=str(body.get("label", old.label)),
        group=str(body.get("groupName", old.group)),
        description=str(body.get("description", old.description)),
        options=_options(body["options"]) if "options" in body else old.options,
        updated_ms=portal.clock.now_ms(),
    )
    _require_group(portal, changed.group)
    portal.catalogue.put(changed)
    return Answer(200, changed.to_json())


def archive_property(portal: Portal, call: Call) -> Answer:
    _archive(portal, call.params["name"])
    return Answer(204)


def create_many(portal: Portal, call: Call) -> Answer:
    return _each(call, lambda given: _create(portal, given).to_json(), 201)


def read_many(portal: Portal, call: Call) -> Answer:
    return _each(call, lambda given: _get(portal, str(given.get("name"))).to_json(), 200)


def archive_many(portal: Portal, call: Call) -> Answer:
    for given in _inputs(call):
        _archive(portal, str(given.get("name")))
    return Answer(204)


def list_groups(portal: Portal, call: Call) -> Answer:
    return Answer(200, {"results": [group.to_json() for group in portal.catalogue.list_groups()]})


def read_group(portal: Portal, call: Call) -> Answer:
    return Answer(200, _get_group(portal, call.params["name"]).to_json())


def create_group(portal: Portal, call: Call) -> Answer:
    body = call.object()
    name, label = body.get("name"), body.get("label")
    if not isinstance(name, str) or not isinstance(label, str) or not NAME.fullmatch(name):
        raise problems.validation("A group needs a name (lower-case letters, digits, underscores) and a label")
    if portal.catalogue.find_group(name) is not None:
        raise problems.group_exists(name)
    group = Group(name, label, int(body.get("displayOrder", -1)))
    portal.catalogue.put_group(group)
    return Answer(201, group.to_json())


def change_group(portal: Portal, call: Call) -> Answer:
    old, body = _get_group(portal, call.params["name"]), call.object()
    changed = replace(
        old,
        label=str(body.get("label", old.label)),
        display_order=int(body.get("displayOrder", old.display_order)),
    )
    portal.catalogue.put_group(changed)
    return Answer(200, changed.to_json())


def archive_group(portal: Portal, call: Call) -> Answer:
    name = _get_group(portal, call.params["name"]).name
    if any(each.group == name for each in portal.catalogue.live.values()):
        raise problems.validation(
            f"The group {name} has active properties", subCategory="PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES"
        )
    portal.catalogue.archive_group(name)
    return Answer(204)


def _get(portal: Portal, name: str) -> Definition:
    found = portal.catalogue.live.get(name)
    if found is None:
        raise problems.object_missing(f"Property '{name}' does not exist")
    return found


def _get_group(portal: Portal, name: str) -> Group:
    found = portal.catalogue.find_group(name)
    if found is None:
        raise problems.object_missing(f"Property group '{name}' does not exist")
    return found


def _create(portal: Portal, body: Mapping[str, Any]) -> Definition:
    """An archived name comes back; a live one is a conflict."""
    missing = [name for name in NEEDED if not isinstance(body.get(name), str) or not body[name]]
    if missing:
        raise problems.validation(f"Some required fields were not set: [{', '.join(missing)}]")
    name = str(body["name"])
    _require_form(body, name)
    _require_group(portal, str(body["groupName"]))
    if name in portal.catalogue.live:
        raise problems.property_exists(name)
    is_unique = body.get("hasUniqueValue") is True
    _require_room(portal, is_unique=is_unique)
    now_ms = portal.clock.now_ms()
    made = Definition(
        name=name,
        label=str(body["label"]),
        type=str(body["type"]),
        field_type=str(body["fieldType"]),
        group=str(body["groupName"]),
        options=_options(body.get("options") or []),
        unique=is_unique,
        description=str(body.get("description", "")),
        created_ms=now_ms,
        updated_ms=now_ms,
        display_order=int(body.get("displayOrder", -1)),
    )
    archived = portal.catalogue.find(name)
    if archived is not None:
        made = replace(archived, archived=False, label=made.label, options=made.options, updated_ms=now_ms)
    portal.catalogue.put(made)
    return made


def _require_form(body: Mapping[str, Any], name: str) -> None:
    if not NAME.fullmatch(name):
        raise problems.validation(f"Property name {name} may hold lower-case letters, digits and underscores only")
    if body["type"] not in TYPES:
        raise problems.validation(f"{body['type']} is none of the types {', '.join(TYPES)}")
    values = {option.value for option in _options(body.get("options") or [])}
    if body["type"] == "bool" and values != {"true", "false"}:
        raise problems.validation("A bool property needs the options true and false")


def _require_group(portal: Portal, name: str) -> None:
    if portal.catalogue.find_group(name) is None:
        raise problems.validation(f"Property group '{name}' does not exist")


def _require_room(portal: Portal, *, is_unique: bool) -> None:
    if is_unique and len(portal.catalogue.unique_names) >= UNIQUE_LIMIT:
        raise problems.validation(f"An object has {UNIQUE_LIMIT} unique properties at most")
    if sum(1 for each in portal.catalogue.live.values() if not each.is_standard) >= CUSTOM_LIMIT:
        raise problems.validation(f"An object has {CUSTOM_LIMIT} custom properties at most")


def _archive(portal: Portal, name: str) -> None:
    """An unknown name is no error. One that a rule of the portal needs is in use."""
    found = portal.catalogue.live.get(name)
    if found is not None and (found.is_standard or name in portal.required):
        raise problems.validation(
            f"The property {name} is in use and cannot be deleted",
            subCategory="PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE",
        )
    portal.catalogue.archive(name, portal.clock.now_ms())


def _options(given: Any) -> tuple[Option, ...]:
    if not isinstance(given, list) or not all(isinstance(each, Mapping) and "value" in each for each in given):
        raise problems.validation("options is a list of {label, value}")
    return tuple(Option(str(each.get("label", each["value"])), str(each["value"])) for each in given)


def _inputs(call: Call) -> list[Mapping[str, Any]]:
    given = call.object().get("inputs")
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        raise problems.broken_json(1, 1, "inputs is missing or no list of objects")
    if len(given) > 100:
        raise problems.too_many_inputs(100)
    return given


def _each(call: Call, one: Any, status: int) -> Answer:
    results: list[Any] = []
    errors: list[Any] = []
    for given in _inputs(call):
        try:
            results.append(one(given))
        except Problem as refused:
            context = {"name": [str(given.get("name"))], **refused.body.get("context", {})}
            errors.append({**refused.body, "context": context})
    body: dict[str, Any] = {"status": "COMPLETE", "results": results}
    if errors:
        return Answer(207, {**body, "numErrors": len(errors), "errors": errors})
    return Answer(status, body)


def _paths(rest: str = "") -> tuple[str, ...]:
    return versioned("crm", "properties", f"/{{type}}{rest}")


OPERATIONS = (
    Operation("GET", _paths(), list_properties, "read", READ),
    Operation("POST", _paths(), create_property, "write", WRITE),
    Operation("GET", _paths("/groups"), list_groups, "read", READ),
    Operation("POST", _paths("/groups"), create_group, "write", WRITE),
    Operation("GET", _paths("/groups/{name}"), read_group, "read", READ),
    Operation("PATCH", _paths("/groups/{name}"), change_group, "write", WRITE),
    Operation("DELETE", _paths("/groups/{name}"), archive_group, "write", WRITE),
    Operation("POST", _paths("/batch/create"), create_many, "write", WRITE),
    Operation("POST", _paths("/batch/read"), read_many, "read", READ),
    Operation("POST", _paths("/batch/archive"), archive_many, "write", WRITE),
    Operation("GET", _paths("/{name}"), read_property, "read", READ),
    Operation("PATCH", _paths("/{name}"), change_property, "write", WRITE),
    Operation("DELETE", _paths("/{name}"), archive_property, "write", WRITE),
)
