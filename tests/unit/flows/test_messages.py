"""The catalogue: ids decide types, contexts stay, languages are chosen as the header asks."""

import pytest

from doorward.flows.messages import Catalogue, Message, Words
from doorward.flows.words_en import ENGLISH


def test_type_follows_from_id() -> None:
    assert ENGLISH.say(1040001).type == "info"
    assert ENGLISH.say(4000007).type == "error"
    assert Words("en", {1050001: "Saved."}).say(1050001).type == "success"


def test_context_is_kept_and_fills_the_text() -> None:
    message = ENGLISH.say(4000032, {"min_length": 8, "actual_length": 5})
    assert message.to_json() == {
        "id": 4000032,
        "text": "Use at least 8 characters; these are 5.",
        "type": "error",
        "context": {"min_length": 8, "actual_length": 5},
    }
    assert Message.from_json(message.to_json()) == message


def test_a_context_of_null_is_told_from_none() -> None:
    null, absent = Message(1, "x", "error", is_null=True), Message(1, "x", "error")
    assert null.to_json() == {"id": 1, "text": "x", "type": "error", "context": None}
    assert "context" not in absent.to_json()
    assert [Message.from_json(each.to_json()) for each in (null, absent)] == [null, absent]


def test_braces_in_values_are_no_templates() -> None:
    assert ENGLISH.say(4000004, {"pattern": "^{x}$"}).text.endswith("(^{x}$).")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT, en;q=0.9", "de"),
        ("en;q=0.8, de;q=0.9", "de"),
        ("de;q=0, en", "en"),
        ("fr, *", "en"),
        ("de;q=broken", "en"),
        (",;,", "en"),
    ],
)
def test_language(header: str, language: str) -> None:
    catalogue = Catalogue(ENGLISH, Words("de", {}))
    assert catalogue.choose(header) == language


def test_language_that_no_longer_ships() -> None:
    assert Catalogue(ENGLISH).words("de") is ENGLISH
