"""Where Kratos reads a JSON Schema more strictly than the standard: a whole number is written without a fraction.

JSON Schema takes 3.0 for an integer. Kratos does not, and clients have learned so.
"""

from collections.abc import Mapping
from typing import Any

KEYWORD = "doorward:whole"
# What stands in these is data, not schema.
DATA = frozenset({"const", "enum", "default", "examples"})


class WholeNumber:
    """The keyword's check, in the form that the validator wants."""

    def __init__(self, _parent: Any, _value: Any, _path: Any) -> None:
        """Nothing of the schema is needed."""

    def validate(self, instance: Any) -> None:
        if isinstance(instance, float) and instance.is_integer():
            raise ValueError(KEYWORD)


def made_strict(schema: Any) -> Any:
    """A copy in which every subschema for integers has the keyword."""
    if isinstance(schema, list):
        return [made_strict(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    copied = {name: each if name in DATA else made_strict(each) for name, each in schema.items()}
    kinds = schema.get("type")
    names = kinds if isinstance(kinds, list) else [kinds]
    if "integer" in names and "number" not in names:
        copied[KEYWORD] = True
    return copied
