"""Writes a first template for a given identity schema: e-mail and name, from wherever the schema keeps them."""

from collections.abc import Sequence
from functools import reduce

import orjson

from doorward.identities.schema_fields import TraitField

FIRST = (("name", "first"), ("first_name",), ("firstname",), ("firstName",), ("given_name",), ("name", "given"))
LAST = (("name", "last"), ("last_name",), ("lastname",), ("lastName",), ("family_name",), ("name", "family"))
HEAD = """\
// What HubSpot is told about a person. `ctx.identity.traits` are the person's fields, the names on the left are
// HubSpot's internal property names. A field that the person left empty is not sent, so nothing is overwritten by it.
// `lists` takes numbers of static lists. `error 'cancel'` sends nothing.
local at(object, key) = if std.isObject(object) then std.get(object, key) else null;
local filled(values) = {
  [name]: values[name] for name in std.objectFields(values) if values[name] != null && values[name] != ''
};

function(ctx)
  local traits = ctx.identity.traits;
  {
    properties: filled({
"""
TAIL = """\
    }),
    lists: [],
  }
"""


def first_template(fields: Sequence[TraitField]) -> str:
    """Jsonnet text. Without an e-mail in the schema the template sends names only."""
    paths = [field.path for field in fields]
    email = next((field.path for field in fields if field.format == "email"), None)
    lines = [
        f"      {name}: {_reading(path)},\n"
        for name, path in (("email", email), ("firstname", _first(FIRST, paths)), ("lastname", _first(LAST, paths)))
        if path is not None
    ]
    return HEAD + "".join(lines) + TAIL


def _reading(path: Sequence[str]) -> str:
    """`at(at(traits, "name"), "first")`: cheap to evaluate, and no error where a person has no such field."""
    return reduce(lambda inner, key: f"at({inner}, {orjson.dumps(key).decode()})", path, "traits")


def _first(wanted: Sequence[tuple[str, ...]], paths: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
    return next((path for path in wanted if path in paths), None)
