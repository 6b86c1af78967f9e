"""The catalogue of what flows say, by Kratos's message ids: id, type and context are the contract, the wording is ours.

One file per language holds the wording (`words_en`); which language a flow speaks is chosen when it starts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SUCCESSES = frozenset({1050001, 1060001, 1080002, 1080005})
FIRST_ERROR = 4000000


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence for a person. `context` is for programs; `is_null`: it is null, not absent."""

    id: int
    text: str
    type: str
    context: Mapping[str, Any] | None = None
    is_null: bool = False

    def to_json(self) -> dict[str, Any]:
        """`{id, text, type, context?}`."""
        body: dict[str, Any] = {"id": self.id, "text": self.text, "type": self.type}
        if self.context is not None or self.is_null:
            body["context"] = self.context
        return body

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Message":
        context = body.get("context")
        return cls(body["id"], body["text"], body["type"], context, is_null="context" in body and context is None)


class Words:
    """The wording of one language."""

    def __init__(self, language: str, texts: Mapping[int, str]) -> None:
        """`texts` are `str.format` templates over the context's values."""
        self.language = language
        self._texts = texts

    def say(self, message_id: int, context: Mapping[str, Any] | None = None, /, **more: Any) -> Message:
        """The message with its context; `more` are values that only the text needs. Raises KeyError for unknown ids."""
        text = self._texts[message_id].format(**(context or {}), **more)
        return Message(message_id, text, message_type(message_id), context)

    def covers(self, message_id: int) -> bool:
        return message_id in self._texts


class Catalogue:
    """All languages that ship. The first is the one for everybody else."""

    def __init__(self, *languages: Words) -> None:
        self._by_language = {words.language: words for words in languages}
        self._fallback = languages[0].language

    def choose(self, accept_language: str) -> str:
        """The language of a person, from the header (RFC 9110 12.5.4): the best-weighted one that ships."""
        for tag in _preferred(accept_language):
            if tag in self._by_language:
                return tag
            primary = tag.partition("-")[0]
            if primary in self._by_language:
                return primary
        return self._fallback

    def words(self, language: str) -> Words:
        """The words of a language; the fallback's where it no longer ships."""
        return self._by_language.get(language) or self._by_language[self._fallback]


def message_type(message_id: int) -> str:
    """`info`, `success` or `error`, as the id says."""
    if message_id in SUCCESSES:
        return "success"
    return "info" if message_id < FIRST_ERROR else "error"


def _preferred(header: str) -> list[str]:
    weighted: list[tuple[float, int, str]] = []
    for position, part in enumerate(header.split(",")):
        tag, _, parameter = part.strip().partition(";")
        weight = _weight(parameter)
        if tag.strip() and weight > 0:
            weighted.append((-weight, position, tag.strip().lower()))
    return [tag for _, _, tag in sorted(weighted)]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
