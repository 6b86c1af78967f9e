"""What a receiver reads: complete, ordered, and without a person or a secret in it."""

import json
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from doorward.delivery.alerts.message import body_of, trial_body
from doorward.delivery.alerts.model import Alert, Event, Kind, Subject, Trouble, WatchSettings
from doorward.delivery.alerts.words import commands_for, sentence, step_for
from doorward.outbox.queues import COUNTED

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTINGS = WatchSettings(timedelta(minutes=10), timedelta(hours=1), True, "http://127.0.0.1:4434/")
TOLD = (Event.RAISED, Event.CHANGED, Event.RECOVERED)


def trouble(kind: Kind = Kind.PAUSED, name: str = "crm", reason: str = "No.", **more: object) -> Trouble:
    return Trouble(Subject(kind, "destination", name), "a_code", reason, NOW, **more)  # type: ignore[arg-type]


def read(event: Event, told: Trouble) -> dict[str, object]:
    body = json.loads(body_of(event, Alert(UUID(int=7), told, 2, NOW), {"dead": 4}, SETTINGS, NOW))
    assert (body["type"], body["timestamp"]) == (str(event), "2026-03-01T12:00:00Z")
    data: dict[str, object] = body["data"]
    return data


def test_it_has_what_a_person_needs() -> None:
    data = read(Event.RAISED, trouble())
    assert data == {
        "id": str(UUID(int=7)),
        "number": 2,
        "kind": "paused",
        "scope": "destination",
        "name": "crm",
        "what": "The destination crm is paused.",
        "code": "a_code",
        "reason": "No.",
        "step": "Do what the reason says, then resume it. Its queue is kept.",
        "since": "2026-03-01T12:00:00Z",
        "until": None,
        "ended_at": None,
        "counts": {"dead": 4},
        "commands": ["doorward pauses list", "doorward pauses resume destination crm"],
        "console": "http://127.0.0.1:4434/console/",
    }


def test_addresses_and_keys_in_a_reason_are_cut() -> None:
    data = read(Event.RAISED, trouble(reason="ada@example.org has Bearer pat-na1-secret-word at http://me:pw@host/"))
    assert not re.search("ada|secret-word|pw", json.dumps(data))


@pytest.mark.parametrize("event", TOLD)
@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_has_a_sentence_a_step_and_commands(kind: Kind, event: Event) -> None:
    told = trouble(kind, number=2)
    assert sentence(event, told).endswith(".")
    assert "  " not in sentence(event, told)
    assert step_for(event, told).endswith(".")
    assert all(each.startswith("doorward ") for each in commands_for(event, told.subject))
    assert (event is Event.RECOVERED) == (step_for(event, told) == "Nothing has to be done.")


def test_what_differs_has_another_step() -> None:
    steps = {
        step_for(Event.RAISED, each)
        for each in (
            trouble(),
            trouble(until=NOW),
            Trouble(Subject(Kind.PAUSED, "destination", "crm"), "breaker_open", "No.", NOW),
            trouble(Kind.DEAD),
            trouble(Kind.WAITING),
        )
    }
    assert len(steps) == 5


def test_a_name_is_quoted_in_commands() -> None:
    subject = Subject(Kind.DEAD, "destination", "a b; rm")
    assert all("'a b; rm'" in each for each in commands_for(Event.RAISED, subject))


def test_one_and_many_dead() -> None:
    assert sentence(Event.RAISED, trouble(Kind.DEAD, number=1)) == "A delivery to crm is dead."
    assert sentence(Event.CHANGED, trouble(Kind.DEAD, number=12)) == "12 deliveries to crm are dead."
    assert sentence(Event.CHANGED, trouble(Kind.DEAD, number=COUNTED)) == "10000 or more deliveries to crm are dead."


def test_a_trial_says_so() -> None:
    assert json.loads(trial_body(SETTINGS, NOW))["type"] == "alert.test"
