"""Lists ("segments") and their members: static ones are edited, dynamic ones refuse. Source: HubSpot's lists guide."""

from collections.abc import Mapping
from typing import Any

from portalsim import problems
from portalsim.call import Answer, Call, Operation, versioned
from portalsim.clock import iso_ms
from portalsim.contacts import records
from portalsim.portal import Portal

READ, WRITE = ("crm.lists.read",), ("crm.lists.write",)
LIST = "list"
EDITABLE = ("MANUAL", "SNAPSHOT")
PAGE, LARGEST_PAGE = 100, 250
BIN_MS = 90 * 86_400_000
Document = dict[str, Any]


def create(portal: Portal, call: Call) -> Answer:
    body = call.object()
    name, kind = body.get("name"), body.get("processingType")
    if not isinstance(name, str) or not name or kind not in (*EDITABLE, "DYNAMIC"):
        raise problems.validation("A list needs a name and a processingType of MANUAL, SNAPSHOT or DYNAMIC")
    if body.get("objectTypeId", "0-1") != "0-1":
        raise problems.unknown_type(str(body["objectTypeId"]))
    if _find_by_name(portal, name) is not None:
        raise problems.validation(f"A list named '{name}' already exists", subCategory="ILS.DUPLICATE_LIST_NAMES")
    made = {"id": _next_id(portal), "name": name, "kind": kind, "created_ms": portal.clock.now_ms(), "deleted_ms": None}
    _save(portal, made)
    return Answer(200, {"list": _shown(portal, made)})


def list_all(portal: Portal, call: Call) -> Answer:
    wanted = set(call.names("listIds"))
    found = [each for each in _live(portal) if not wanted or str(each["id"]) in wanted]
    return Answer(200, {"lists": [_shown(portal, each) for each in found]})


def search(portal: Portal, call: Call) -> Answer:
    query = str(call.object().get("query") or "").lower()
    found = [each for each in _live(portal) if query in each["name"].lower()]
    return Answer(
        200, {"lists": [_shown(portal, each) for each in found], "total": len(found), "hasMore": False, "offset": 0}
    )


def read(portal: Portal, call: Call) -> Answer:
    return Answer(200, {"list": _shown(portal, _get(portal, call.params["id"]))})


def read_by_name(portal: Portal, call: Call) -> Answer:
    found = _find_by_name(portal, call.params["name"])
    if found is None:
        raise problems.object_missing(f"List does not exist with name {call.params['name']}")
    return Answer(200, {"list": _shown(portal, found)})


def rename(portal: Portal, call: Call) -> Answer:
    found, name = _get(portal, call.params["id"]), call.text("listName")
    if not name:
        raise problems.validation("listName is required")
    changed = {**found, "name": name}
    _save(portal, changed)
    return Answer(200, {"updatedList": _shown(portal, changed)})


def delete(portal: Portal, call: Call) -> Answer:
    """Into the bin for 90 days; its members stay with it."""
    _save(portal, {**_get(portal, call.params["id"]), "deleted_ms": portal.clock.now_ms()})
    return Answer(204)


def restore(portal: Portal, call: Call) -> Answer:
    found = _document(portal, call.params["id"])
    if found is None or portal.clock.now_ms() - int(found["deleted_ms"] or 0) > BIN_MS:
        raise _missing(call.params["id"])
    _save(portal, {**found, "deleted_ms": None})
    return Answer(204)


def members(portal: Portal, call: Call) -> Answer:
    found = _get(portal, call.params["id"])
    limit = call.number("limit", PAGE, LARGEST_PAGE)
    after = call.text("after")
    rows = portal.database.rows(
        "SELECT contact_id, at_ms FROM memberships WHERE list_id = ? AND contact_id > ? ORDER BY contact_id LIMIT ?",
        (found["id"], int(after) if after.isdigit() else 0, limit + 1),
    )
    shown = [{"recordId": str(contact), "membershipTimestamp": iso_ms(at_ms)} for contact, at_ms in rows[:limit]]
    body: dict[str, Any] = {"results": shown, "total": _size(portal, found)}
    if len(rows) > limit:
        body["paging"] = {"next": {"after": str(rows[limit - 1][0])}}
    return Answer(200, body)


def add(portal: Portal, call: Call) -> Answer:
    return _edit(portal, call, adding=_ids(call.body), removing=[])


def remove(portal: Portal, call: Call) -> Answer:
    return _edit(portal, call, adding=[], removing=_ids(call.body))


def add_and_remove(portal: Portal, call: Call) -> Answer:
    body = call.object()
    return _edit(
        portal, call, adding=_ids(body.get("recordIdsToAdd", [])), removing=_ids(body.get("recordIdsToRemove", []))
    )


def add_from(portal: Portal, call: Call) -> Answer:
    _require_editable(_get(portal, call.params["id"]))
    source = _get(portal, call.params["source"])
    if _size(portal, source) >= 100_000:
        raise problems.validation("A source list has to hold fewer than 100,000 records")
    portal.database.execute(
        "INSERT OR IGNORE INTO memberships SELECT ?, contact_id, ? FROM memberships WHERE list_id = ?",
        (int(call.params["id"]), portal.clock.now_ms(), source["id"]),
    )
    return Answer(204)


def remove_all(portal: Portal, call: Call) -> Answer:
    found = _get(portal, call.params["id"])
    _require_editable(found)
    portal.database.execute("DELETE FROM memberships WHERE list_id = ?", (found["id"],))
    return Answer(204)


def _edit(portal: Portal, call: Call, *, adding: list[str], removing: list[str]) -> Answer:
    """The answer names what was new and what is no record; `recordsIdsAdded` has HubSpot's extra s."""
    found = _get(portal, call.params["id"])
    _require_editable(found)
    added: list[str] = []
    removed: list[str] = []
    missing: list[str] = []
    for key in adding:
        contact = records.find(portal.database, int(key)) if key.isdigit() else None
        if contact is None:
            missing.append(key)
            continue
        row = (found["id"], contact.id, portal.clock.now_ms())
        if portal.database.execute("INSERT OR IGNORE INTO memberships VALUES (?, ?, ?)", row).rowcount:
            added.append(str(contact.id))
    for key in removing:
        done = portal.database.execute(
            "DELETE FROM memberships WHERE list_id = ? AND contact_id = ?", (found["id"], int(key))
        )
        (removed if done.rowcount else missing).append(key)
    return Answer(200, {"recordsIdsAdded": added, "recordIdsRemoved": removed, "recordIdsMissing": missing})


def _ids(given: Any) -> list[str]:
    if not isinstance(given, list) or not all(str(each).isdigit() for each in given):
        raise problems.broken_json(1, 1, "a list of record ids was expected")
    return list(dict.fromkeys(str(each) for each in given))


def _require_editable(found: Mapping[str, Any]) -> None:
    if found["kind"] not in EDITABLE:
        raise problems.validation(
            f"List {found['id']} is DYNAMIC; only MANUAL and SNAPSHOT lists take and lose members by hand",
            subCategory="ILS.INVALID_LIST_PROCESSING_TYPE",
        )


def _live(portal: Portal) -> list[Document]:
    return [each for each in portal.database.documents(LIST).values() if each["deleted_ms"] is None]


def _document(portal: Portal, list_id: str) -> Document | None:
    return portal.database.documents(LIST).get(list_id)


def _get(portal: Portal, list_id: str) -> Document:
    found = _document(portal, list_id)
    if found is None or found["deleted_ms"] is not None:
        raise _missing(list_id)
    return found


def _missing(list_id: str) -> problems.Problem:
    return problems.object_missing(f"List does not exist with ID {list_id}.")


def _find_by_name(portal: Portal, name: str) -> Document | None:
    return next((each for each in _live(portal) if each["name"].lower() == name.lower()), None)


def _next_id(portal: Portal) -> int:
    return max((int(each) for each in portal.database.documents(LIST)), default=0) + 1


def _save(portal: Portal, document: Document) -> None:
    portal.database.save(LIST, str(document["id"]), document)


def _size(portal: Portal, found: Mapping[str, Any]) -> int:
    return int(portal.database.value("SELECT count(*) FROM memberships WHERE list_id = ?", (found["id"],)) or 0)


def _shown(portal: Portal, found: Mapping[str, Any]) -> Document:
    created = iso_ms(found["created_ms"])
    return {
        "listId": str(found["id"]),
        "listVersion": 1,
        "name": found["name"],
        "objectTypeId": "0-1",
        "processingType": found["kind"],
        "processingStatus": "COMPLETE",
        "createdAt": created,
        "updatedAt": created,
        "filtersUpdatedAt": created,
        "size": _size(portal, found),
    }


def _paths(rest: str = "") -> tuple[str, ...]:
    return versioned("crm", "lists", rest)


OPERATIONS = (
    Operation("POST", _paths(), create, "write", WRITE),
    Operation("GET", _paths(), list_all, "read", READ),
    Operation("POST", _paths("/search"), search, "read", READ),
    Operation("GET", _paths("/object-type-id/{type}/name/{name}"), read_by_name, "read", READ),
    Operation("GET", _paths("/{id}"), read, "read", READ),
    Operation("DELETE", _paths("/{id}"), delete, "write", WRITE),
    Operation("PUT", _paths("/{id}/restore"), restore, "write", WRITE),
    Operation("PUT", _paths("/{id}/update-list-name"), rename, "write", WRITE),
    Operation("GET", _paths("/{id}/memberships"), members, "read", READ),
    Operation("DELETE", _paths("/{id}/memberships"), remove_all, "write", WRITE),
    Operation("PUT", _paths("/{id}/memberships/add"), add, "write", WRITE),
    Operation("PUT", _paths("/{id}/memberships/remove"), remove, "write", WRITE),
    Operation("PUT", _paths("/{id}/memberships/add-and-remove"), add_and_remove, "write", WRITE),
    Operation("PUT", _paths("/{id}/memberships/add-from/{source}"), add_from, "write", WRITE),
)
