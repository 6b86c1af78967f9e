"""Search filters as SQL over the contacts table. Names are checked against the catalogue, values are parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portalsim import problems
from portalsim.clock import iso_ms
from portalsim.definitions import Definition
from portalsim.values import as_text, epoch_ms

GROUPS, FILTERS, FILTERS_IN_ALL = 5, 6, 18
_COLUMNS = {"createdate": "created_ms", "lastmodifieddate": "updated_ms"}


@dataclass(frozen=True, slots=True)
class Clause:
    """`sql` with `?` for each of `values`."""

    sql: str
    values: tuple[Any, ...] = ()


def expression(name: str) -> str:
    """The property's value in SQL; names are of the catalogue and hold no quotes."""
    if name == "hs_object_id":
        return "id"
    if name == "email":
        return "nullif(email, '')"
    return _COLUMNS.get(name) or f"json_extract(properties, '$.\"{name}\"')"


def compile_groups(definitions: Mapping[str, Definition], groups: Any) -> Clause:
    """Groups are joined by OR, filters in a group by AND. Raises Problem over the caps or for what it cannot read."""
    if not isinstance(groups, list):
        raise problems.broken_json(1, 1, "filterGroups is no list")
    filters = [_filters_of(group) for group in groups]
    if len(groups) > GROUPS or any(len(each) > FILTERS for each in filters) or sum(map(len, filters)) > FILTERS_IN_ALL:
        raise problems.validation(
            f"Search takes {GROUPS} filter groups of {FILTERS} filters, {FILTERS_IN_ALL} filters in all"
        )
    clauses = [_all_of([_compile(definitions, each) for each in group]) for group in filters if group]
    if not clauses:
        return Clause("1")
    return Clause(
        "(" + " OR ".join(each.sql for each in clauses) + ")", tuple(value for each in clauses for value in each.values)
    )


def _filters_of(group: Any) -> list[Mapping[str, Any]]:
    found = group.get("filters") if isinstance(group, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise problems.broken_json(1, 1, "a filter group has no list of filters")
    return found


def _all_of(clauses: list[Clause]) -> Clause:
    return Clause(
        "(" + " AND ".join(each.sql for each in clauses) + ")",
        tuple(value for each in clauses for value in each.values),
    )


def _compile(definitions: Mapping[str, Definition], given: Mapping[str, Any]) -> Clause:
    name, operator = str(given.get("propertyName", "")), str(given.get("operator", ""))
    definition = definitions.get(name)
    if definition is None:
        raise problems.validation(f"There was a problem with the request: property {name} does not exist")
    build = _OPERATORS.get(operator)
    if build is None:
        raise problems.validation(f"{operator} is none of the operators {', '.join(_OPERATORS)}")
    return build(definition, given)


def _operand(definition: Definition) -> str:
    if definition.name == "email":
        return "email"  # as the index has it: in lower case
    found = expression(definition.name)
    if definition.name in _COLUMNS or definition.name == "hs_object_id":
        return found
    return f"CAST({found} AS REAL)" if definition.type == "number" else f"lower({found})"


def _value(definition: Definition, raw: Any) -> Any:
    """Comparable with `_operand`. Text is compared without regard to case."""
    text = as_text(raw)
    if definition.name in _COLUMNS:
        found = epoch_ms(text)
        if found is None:
            raise problems.validation(f"{text} was not a valid date.")
        return found
    if definition.type in ("date", "datetime"):
        found = epoch_ms(text)
        shown = iso_ms(found) if found is not None else text
        return (shown[:10] if definition.type == "date" else shown).lower()
    if definition.type == "number":
        try:
            return float(text)
        except ValueError:
            raise problems.validation(f"{text} was not a valid long.") from None
    return text.lower()


def _compare(sign: str) -> Callable[[Definition, Mapping[str, Any]], Clause]:
    def build(definition: Definition, given: Mapping[str, Any]) -> Clause:
        return Clause(f"{_operand(definition)} {sign} ?", (_value(definition, given.get("value")),))

    return build


def _between(definition: Definition, given: Mapping[str, Any]) -> Clause:
    values = (_value(definition, given.get("value")), _value(definition, given.get("highValue")))
    return Clause(f"{_operand(definition)} BETWEEN ? AND ?", values)


def _different(definition: Definition, given: Mapping[str, Any]) -> Clause:
    return Clause(f"coalesce({_operand(definition)}, '') <> ?", (_value(definition, given.get("value")),))


def _one_of(sign: str) -> Callable[[Definition, Mapping[str, Any]], Clause]:
    def build(definition: Definition, given: Mapping[str, Any]) -> Clause:
        raw = given.get("values")
        if not isinstance(raw, list) or not raw:
            raise problems.validation(f"{given.get('operator')} needs a list of values")
        if definition.type == "string" and any(as_text(each) != as_text(each).lower() for each in raw):
            # HubSpot wants them in lower case and finds nothing otherwise.
            raw = [each for each in raw if as_text(each) == as_text(each).lower()]
        marks = ", ".join("?" * len(raw))
        values = tuple(_value(definition, each) for each in raw)
        return Clause(f"coalesce({_operand(definition)}, '') {sign} ({marks})", values)

    return build


def _has(sign: str) -> Callable[[Definition, Mapping[str, Any]], Clause]:
    return lambda definition, given: Clause(f"{expression(definition.name)} IS {sign}")


def _token(sign: str) -> Callable[[Definition, Mapping[str, Any]], Clause]:
    """A word of the value; `*` at its ends stands for anything."""

    def build(definition: Definition, given: Mapping[str, Any]) -> Clause:
        word = as_text(given.get("value")).lower().replace("*", "")
        return Clause(f"instr(lower(coalesce({expression(definition.name)}, '')), ?) {sign} 0", (word,))

    return build


_OPERATORS: Mapping[str, Callable[[Definition, Mapping[str, Any]], Clause]] = {
    "EQ": _compare("="),
    "NEQ": _different,
    "LT": _compare("<"),
    "LTE": _compare("<="),
    "GT": _compare(">"),
    "GTE": _compare(">="),
    "BETWEEN": _between,
    "IN": _one_of("IN"),
    "NOT_IN": _one_of("NOT IN"),
    "HAS_PROPERTY": _has("NOT NULL"),
    "NOT_HAS_PROPERTY": _has("NULL"),
    "CONTAINS_TOKEN": _token(">"),
    "NOT_CONTAINS_TOKEN": _token("="),
}
