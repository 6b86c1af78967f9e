"""Search: filters as SQL over what the index has seen; writes appear there after a lag, in their old form till then.

Source: HubSpot's search page: 200 a page, 10,000 in all, 5 groups of 6 filters, 18 together, one sort."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from portalsim import problems
from portalsim.call import Answer, Call, Operation, versioned
from portalsim.contacts import lookup, records
from portalsim.contacts.filters import Clause, compile_groups, expression
from portalsim.contacts.history import as_of
from portalsim.contacts.single import READ, known_names
from portalsim.portal import Portal

WALL, LARGEST_PAGE, LONGEST_QUERY = 10_000, 200, 3_000
QUERIED = ("email", "firstname", "lastname", "phone", "mobilephone", "fax", "company", "hs_additional_emails")


def search(portal: Portal, call: Call) -> Answer:
    body = call.object()
    limit, offset = _window(body)
    clause = _where(portal, body)
    horizon_ms = portal.clock.now_ms() - portal.switches.number("search_lag_ms")
    _remember_past(portal, horizon_ms)
    # The condition stands in both halves: SQLite does not carry it into them, and would read every row.
    source = (
        "(SELECT id, email, properties, created_ms, updated_ms, NULL AS archived_ms FROM contacts"
        # "+": the index on time is no help, nearly all rows are older.
        f" WHERE archived_ms IS NULL AND +updated_ms <= ? AND {clause.sql}"
        " UNION ALL SELECT id, email, properties, created_ms, updated_ms, NULL FROM temp.past"
        f" WHERE {clause.sql})"
    )
    values = (horizon_ms, *clause.values, *clause.values)
    total = int(portal.database.value(f"SELECT count(*) FROM {source}", values) or 0)
    rows = portal.database.rows(
        f"SELECT {records.COLUMNS} FROM {source} ORDER BY {_order(portal, body)} LIMIT ? OFFSET ?",
        (*values, limit, offset),
    )
    names = known_names(portal, [str(each) for each in body.get("properties") or []])
    results = [
        contact.to_json(names, lookup.link(portal)) for contact in map(records.read, rows) if contact is not None
    ]
    answer: dict[str, Any] = {"total": total, "results": results}
    if offset + limit < min(total, WALL):
        answer["paging"] = {"next": {"after": str(offset + limit)}}
    return Answer(200, answer)


def _window(body: Mapping[str, Any]) -> tuple[int, int]:
    limit, after = body.get("limit", 10), body.get("after", 0) or 0
    if not str(limit).isdigit() or not 1 <= int(limit) <= LARGEST_PAGE:
        raise problems.validation(f"limit must be a number from 1 to {LARGEST_PAGE}")
    if not str(after).isdigit():
        raise problems.validation(f"after is not a cursor of this API: {after}")
    if int(after) + int(limit) > WALL:
        raise problems.validation(f"Search returns {WALL:,} results in all; narrow the filters")
    return int(limit), int(after)


def _where(portal: Portal, body: Mapping[str, Any]) -> Clause:
    groups = body.get("filterGroups")
    clause = compile_groups(portal.catalogue.live, [] if groups is None else groups)
    query = str(body.get("query") or "")
    if len(query) > LONGEST_QUERY:
        raise problems.validation(f"query may hold {LONGEST_QUERY:,} characters")
    if not query:
        return clause
    fields = " OR ".join(f"instr(lower(coalesce({expression(name)}, '')), ?)" for name in QUERIED)
    return Clause(f"{clause.sql} AND ({fields})", (*clause.values, *[query.lower()] * len(QUERIED)))


def _order(portal: Portal, body: Mapping[str, Any]) -> str:
    sorts = body.get("sorts") or []
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise problems.validation("One sort is supported")
    if not sorts:
        return "id ASC"
    given = sorts[0] if isinstance(sorts[0], Mapping) else {"propertyName": str(sorts[0])}
    name = str(given.get("propertyName", ""))
    definition = portal.catalogue.live.get(name)
    if definition is None:
        raise problems.validation(f"There was a problem with the sort: property {name} does not exist")
    direction = "DESC" if str(given.get("direction", "ASCENDING")).upper() == "DESCENDING" else "ASC"
    value = f"CAST({expression(name)} AS REAL)" if definition.type == "number" else expression(name)
    return f"{value} {direction}, id {direction}"


def _remember_past(portal: Portal, horizon_ms: int) -> None:
    """What changed after the horizon is searched in the form it had then."""
    portal.database.execute(
        "CREATE TEMP TABLE IF NOT EXISTS past"
        " (id INTEGER, email TEXT, properties TEXT, created_ms INTEGER, updated_ms INTEGER)"
    )
    portal.database.execute("DELETE FROM temp.past")
    changed: Sequence[tuple[Any, ...]] = portal.database.rows(
        f"SELECT {records.COLUMNS} FROM contacts WHERE updated_ms > ? AND +created_ms <= ? AND +archived_ms IS NULL",
        (horizon_ms, horizon_ms),
    )
    for contact in map(records.read, changed):
        if contact is None:
            continue
        then = as_of(portal, contact, horizon_ms)
        if then.properties:
            portal.database.execute(
                "INSERT INTO temp.past VALUES (?, ?, ?, ?, ?)",
                (then.id, then.email, orjson.dumps(then.properties).decode(), then.created_ms, then.updated_ms),
            )


OPERATIONS = (Operation("POST", versioned("crm", "objects", "/{type}/search"), search, "search", READ),)
