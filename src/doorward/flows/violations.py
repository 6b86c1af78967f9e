"""What an identity schema finds wrong, as messages beside the fields (ids and contexts are Kratos's)."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from doorward.flows.form import FormProblem
from doorward.flows.messages import Message, Words
from doorward.identities.normalise import visible
from doorward.identities.schema_violations import Violation

JUDGED_FIRST = frozenset({"type", "const", "enum", "format"})
"""What Kratos checks, and so says, before lengths and patterns."""

EXACT_MAX = 2**53

Speaker = Callable[[Words, Violation, Any], Message]


def problems_of(violations: Iterable[Violation], traits: Any, words: Words) -> tuple[FormProblem, ...]:
    """One message per violation, at the node of its field; what concerns the whole of an object at the object's."""
    found = sorted(violations, key=lambda item: item.is_choice or item.keyword not in JUDGED_FIRST)
    mistyped = {item.pointer for item in found if item.keyword == "type" and not item.is_choice}
    return tuple(
        FormProblem(node_name(item.pointer), message_of(item, _at(traits, item.pointer), words))
        for item in found
        # Of a value of the wrong type nothing else is worth saying.
        if item.keyword == "type" or item.pointer not in mistyped
    )


def node_name(pointer: tuple[str | int, ...]) -> str:
    """`("name", "first")` as `traits.name.first`."""
    return ".".join(("traits", *(str(part).replace(".", "\\.") for part in pointer)))


def message_of(violation: Violation, value: Any, words: Words) -> Message:
    """The message of one violation; keywords without an id of their own are 4000001 with the reason."""
    speaker = SPEAKERS.get(violation.keyword)
    if violation.keyword == "format" and value != "":
        speaker = FORMATS.get(str(violation.params.get("format")))
    return speaker(words, violation, value) if speaker else _reason(words, violation, value)


def _limit(message_id: int, name: str, measured: str, measure: Callable[[Any], Any]) -> Speaker:
    def say(words: Words, violation: Violation, value: Any) -> Message:
        return words.say(message_id, {name: violation.params["limit"], measured: measure(value)})

    return say


def _itself(value: Any) -> Any:
    """Numbers as Kratos repeats them: beyond 2^53 only the digits that a floating-point number keeps."""
    if isinstance(value, int) and abs(value) > EXACT_MAX:
        return int(Decimal(repr(float(value))))
    return value


def _required(words: Words, violation: Violation, _value: Any) -> Message:
    return words.say(4000002, {"property": str(violation.pointer[-1])})


def _pattern(words: Words, violation: Violation, _value: Any) -> Message:
    return words.say(4000004, {"pattern": violation.params["pattern"]})


def _type(words: Words, violation: Violation, _value: Any) -> Message:
    allowed = list(violation.params["types"])
    # Kratos knows one kind of number.
    actual = str(violation.params["instance_type"]).replace("integer", "number")
    context = {"allowed_types": allowed, "actual_type": actual}
    return words.say(4000026, context, expected=" / ".join(allowed))


def _multiple(words: Words, violation: Violation, value: Any) -> Message:
    return words.say(4000022, {"base": violation.params["multiple_of"], "actual": value})


def _unique(words: Words, _violation: Violation, value: Any) -> Message:
    pairs = (
        (first, second) for second in range(len(value)) for first in range(second) if value[first] == value[second]
    )
    first, second = next(pairs, (0, 0))
    return words.say(4000025, {"index_a": first, "index_b": second})


def _const(words: Words, violation: Violation, _value: Any) -> Message:
    return words.say(4000029, {"expected": orjson.dumps(violation.params["expected_value"]).decode()})


def _email(words: Words, violation: Violation, value: Any) -> Message:
    if visible(value) != value:
        return _reason(words, violation, value)
    return words.say(4000040, {"value": value})


def _phone(words: Words, _violation: Violation, value: Any) -> Message:
    return words.say(4000041, {"value": value})


def _reason(words: Words, violation: Violation, _value: Any) -> Message:
    return words.say(4000001, {"reason": REASONS.get(violation.keyword, "This value is not accepted.")})


FORMATS: Mapping[str, Speaker] = {"email": _email, "tel": _phone}
SPEAKERS: Mapping[str, Speaker] = {
    "required": _required,
    "minLength": _limit(4000003, "min_length", "actual_length", len),
    "maxLength": _limit(4000017, "max_length", "actual_length", len),
    "pattern": _pattern,
    "minimum": _limit(4000018, "minimum", "actual", _itself),
    "exclusiveMinimum": _limit(4000019, "minimum", "actual", _itself),
    "maximum": _limit(4000020, "maximum", "actual", _itself),
    "exclusiveMaximum": _limit(4000021, "maximum", "actual", _itself),
    "multipleOf": _multiple,
    "maxItems": _limit(4000023, "max_items", "actual_items", len),
    "minItems": _limit(4000024, "min_items", "actual_items", len),
    "uniqueItems": _unique,
    "type": _type,
    "const": _const,
}
REASONS: Mapping[str, str] = {
    "enum": "Choose one of the values that are offered.",
    "additionalProperties": "There is a field here that is not asked for.",
    "format": "This does not have the expected form.",
    "dependencies": "Of these fields one needs another that is missing.",
}


def _at(traits: Any, pointer: tuple[str | int, ...]) -> Any:
    value = traits
    for part in pointer:
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value
