"""A template's output becomes a draft, or a sentence that says what is wrong and with what."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from doorward.connectors.hubspot.catalogue import Catalogue, PropertyDefinition
from doorward.connectors.hubspot.coerce import ValueRefused
from doorward.connectors.hubspot.compose import PropertyUnknown, compose, refused_value, unknown_property
from doorward.connectors.hubspot.draft import Draft
from doorward.delivery.contract import Discard, Job, Snooze

MakeJob = Callable[..., Job]
CATALOGUE = Catalogue(
    {
        each.name: each
        for each in (
            PropertyDefinition("email", "string", "text"),
            PropertyDefinition("firstname", "string", "text"),
            PropertyDefinition("size", "number", "number"),
            PropertyDefinition("tier", "enumeration", "select", frozenset({"gold"})),
            PropertyDefinition("score", "number", "number", is_read_only=True),
            PropertyDefinition("doorward_consent_marketing", "bool", "booleancheckbox", frozenset({"true", "false"})),
        )
    },
    datetime(2026, 1, 1, tzinfo=UTC),
)


def test_values_are_coerced_and_the_consent_goes_along(make_job: MakeJob) -> None:
    draft = compose(make_job({"properties": {"email": "A@x.example", "size": 7}, "lists": [12, "12", 3]}), CATALOGUE)
    assert isinstance(draft, Draft)
    assert draft.properties == {"email": "A@x.example", "size": "7", "doorward_consent_marketing": "true"}
    assert draft.always == {"doorward_consent_marketing"}
    assert draft.lists == ("12", "3")
    assert draft.email == "a@x.example"


def test_without_a_catalogue_values_are_plain_texts(make_job: MakeJob) -> None:
    draft = compose(make_job({"properties": {"email": "a@x.example", "anything": True}}), None)
    assert isinstance(draft, Draft)
    assert draft.properties == {"email": "a@x.example", "anything": "true"}


def test_an_action_without_consent_writes_none(make_job: MakeJob) -> None:
    draft = compose(make_job({"properties": {"email": "a@x.example"}}, consent=None), CATALOGUE)
    assert isinstance(draft, Draft)
    assert draft.properties == {"email": "a@x.example"}


@pytest.mark.parametrize(
    "output",
    [
        None,
        "no json",
        [],
        {},
        {"properties": {}},
        {"properties": []},
        {"properties": {"email": ""}},
        {"properties": {"phone": "1"}},
        {"properties": {"email": "a@x.example"}, "list": []},
        {"properties": {"email": "a@x.example"}, "lists": "12"},
        {"properties": {"email": "a@x.example"}, "lists": [True]},
        {"properties": {"email": "a@x.example"}, "lists": ["../x"]},
        {"properties": {"email": "a@x.example", "doorward_identity_id": "x"}},
    ],
)
def test_a_wrong_output_is_a_dead_row_with_a_reason(make_job: MakeJob, output: Any) -> None:
    outcome = compose(make_job(output), CATALOGUE)
    assert isinstance(outcome, Discard)
    assert outcome.code == "template_output"


@pytest.mark.parametrize(("name", "code"), [("nope", "property_missing"), ("score", "property_read_only")])
def test_a_wrong_property_pauses_the_action(make_job: MakeJob, name: str, code: str) -> None:
    with pytest.raises(PropertyUnknown) as unknown:
        compose(make_job({"properties": {"email": "a@x.example", name: 1}}), CATALOGUE)
    outcome = unknown_property(unknown.value)
    assert isinstance(outcome, Snooze)
    assert outcome.pause is not None
    assert (outcome.pause.scope, outcome.code) == ("action", code)
    assert name in outcome.reason


def test_a_wrong_value_is_a_dead_row_that_does_not_quote_it(make_job: MakeJob) -> None:
    with pytest.raises(ValueRefused) as refused:
        compose(make_job({"properties": {"email": "a@x.example", "size": "ada lovelace"}}), CATALOGUE)
    outcome = refused_value(refused.value)
    assert isinstance(outcome, Discard)
    assert "size" in outcome.reason
    assert "lovelace" not in outcome.reason


def test_an_action_whose_settings_are_wrong_pauses(make_job: MakeJob) -> None:
    outcome = compose(make_job({"properties": {"email": "a@x.example"}}, adopt="perhaps"), CATALOGUE)
    assert isinstance(outcome, Snooze)
    assert outcome.code == "action_misconfigured"
