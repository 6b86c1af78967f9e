from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from doorward.actions.consent import ConsentGate, Granted, Refused
from doorward.actions.model import Action, Basis, RetryPolicy, Trigger
from doorward.identities.query import Person
from doorward.identities.schema import IdentitySchema, SchemaRegistry

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "traits": {
            "type": "object",
            "properties": {
                "news": {
                    "type": "boolean",
                    "doorward": {"consent": {"purpose": "marketing", "version": "1", "text": "?"}},
                }
            },
        }
    },
}
GATE = ConsentGate(SchemaRegistry([IdentitySchema("person", "", SCHEMA)], "person"))


def action(consent: str | None = "marketing", basis: Basis | None = None) -> Action:
    return Action("a", Trigger("identity.created"), "hubspot", "hubspot", "path", {}, consent=consent, basis=basis)


def person(traits: dict[str, Any], consents: dict[str, bool]) -> Person:
    return Person(UUID(int=1), "person", "active", traits, False, consents)


def test_a_yes_and_a_true_trait_open_the_gate() -> None:
    asked = GATE.decide(action(), "identity.created", person({"news": True}, {"marketing": True}))
    assert isinstance(asked, Granted)


@pytest.mark.parametrize(
    ("traits", "consents", "code"),
    [
        ({"news": True}, {}, "no_consent"),
        ({"news": True}, {"marketing": False}, "declined"),
        ({"news": True}, {"other": True}, "no_consent"),
        ({"news": False}, {"marketing": True}, "trait_not_true"),
        ({}, {"marketing": True}, "trait_not_true"),
        ({"news": "true"}, {"marketing": True}, "trait_not_true"),
        ({"news": [True]}, {"marketing": True}, "trait_not_true"),
        ({"news": 1}, {"marketing": True}, "trait_not_true"),
    ],
)
def test_anything_less_keeps_it_shut(traits: dict[str, Any], consents: dict[str, bool], code: str) -> None:
    decision = GATE.decide(action(), "identity.created", person(traits, consents))
    assert isinstance(decision, Refused)
    assert decision.code == code


def test_an_undeclared_purpose_and_a_person_who_is_gone_keep_it_shut() -> None:
    undeclared = GATE.decide(action("profiling"), "identity.created", person({"news": True}, {"profiling": True}))
    gone = GATE.decide(action(), "identity.created", None)
    assert [decision.code for decision in (undeclared, gone) if isinstance(decision, Refused)] == [
        "unknown_purpose",
        "identity_gone",
    ]


def test_a_yes_that_was_taken_back_is_told_from_one_that_never_was() -> None:
    once = Person(UUID(int=1), "person", "active", {}, False, {"marketing": False}, frozenset({"marketing"}))
    decision = GATE.decide(action(), "identity.created", once)
    assert isinstance(decision, Refused)
    assert decision.code == "withdrawn"


def test_a_basis_and_a_removal_need_no_consent() -> None:
    basis = Basis("contract", "The person ordered this.")
    assert isinstance(GATE.decide(action(None, basis), "identity.created", None), Granted)
    assert isinstance(GATE.decide(action(), "identity.deleted", None), Granted)


def test_the_default_schedule_spans_more_than_27_hours() -> None:
    assert sum(RetryPolicy().delays, timedelta()) >= timedelta(hours=27)
