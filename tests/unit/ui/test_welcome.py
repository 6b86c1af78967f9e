"""What the welcome page tells whom."""

from datetime import timedelta
from typing import Any

import pytest

from doorward.clock import MovableClock
from doorward.identities.draft import NewIdentity, make_draft
from doorward.identities.model import ConsentReceipt, Identity
from doorward.identities.schema import IdentitySchema
from doorward.ids import new_row_id
from doorward.ui.welcome import given_name, welcome
from flows_house import SCHEMA


def person(clock: MovableClock, **traits: Any) -> Identity:
    schema = IdentitySchema("person", "file://person.json", SCHEMA)
    return make_draft(schema, NewIdentity("person", {"email": "ada@example.org", **traits}), clock.now()).identity


def receipt(identity: Identity, clock: MovableClock, purpose: str, *, granted: bool) -> ConsentReceipt:
    return ConsentReceipt(
        id=new_row_id(),
        identity_id=identity.id,
        purpose=purpose,
        granted=granted,
        text=f"About {purpose}.",
        version="1",
        locale="en",
        source="flow",
        flow_id=None,
        recorded_at=clock.now(),
    )


@pytest.mark.parametrize(
    ("traits", "name"),
    [
        ({"name": {"first": " Ada "}}, "Ada"),
        ({"name": "Ada Lovelace"}, "Ada Lovelace"),
        ({"first_name": "Ada"}, "Ada"),
        ({"name": {"first": 1}}, ""),
        ({}, ""),
        ({"name": {"first": "x" * 500}}, "x" * 80),
    ],
)
def test_the_name(traits: dict[str, Any], name: str) -> None:
    assert given_name(traits) == name


def test_the_newest_answer_counts(clock: MovableClock) -> None:
    identity = person(clock)
    first = receipt(identity, clock, "marketing", granted=True)
    clock.move(hours=48)
    second = receipt(identity, clock, "marketing", granted=False)
    told = welcome(identity, [first, second], {"marketing"}, clock.now())
    assert [(each.is_granted, each.at) for each in told.agreements] == [(False, "3 January 2026")]
    assert not any("passed on" in step for step in told.steps)


@pytest.mark.parametrize(
    ("announced", "granted", "is_told"),
    [({"marketing"}, True, True), ({"marketing"}, False, False), ({"other"}, True, False), (set(), True, False)],
)
def test_only_what_will_happen_is_announced(
    clock: MovableClock, announced: set[str], granted: bool, is_told: bool
) -> None:
    identity = person(clock)
    told = welcome(identity, [receipt(identity, clock, "marketing", granted=granted)], announced, clock.now())
    assert any("passed on" in step for step in told.steps) is is_told


def test_how_long_the_session_lasts_is_told(clock: MovableClock) -> None:
    told = welcome(person(clock), [], (), clock.now() + timedelta(hours=24))
    assert told.steps[-1] == "You are signed in on this device until 2 January 2026, 12:00 UTC."
    assert told.address == "ada@example.org"
