"""A dispatcher sleeps between its last look and its request, longer than its lease; others go on; it wakes.

What it had in hand is old by then: it must not overwrite the newer state, nor bring back whom a removal has removed.
"""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.commands import Commands
from crash.house import House, house
from crash.plan import DISPATCHER, SERVER, Settings
from crash.victims import ProcessVictim
from running import Answer, until

pytestmark = pytest.mark.slow
EMAIL = "z@example.org"
PATIENCE_S = 120


@pytest.fixture
def built(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, Settings("sqlite", kills=0, seed=0, servers=1)) as built:
        yield built


def process(built: House, kind: str, number: int) -> ProcessVictim:
    found = built.victims[kind][number]
    assert isinstance(found, ProcessVictim)
    return found


def come(victim: ProcessVictim, next_life: str = "") -> ProcessVictim:
    victim.revive(next_life)
    until(victim.name, lambda: victim.is_up, PATIENCE_S)
    return victim


def command(built: House, *arguments: str) -> None:
    commands = Commands(built.nursery, built.folder)
    code, said = commands.run(["identities", *arguments, "--json", "--dev", "--config", str(built.server.config)], "")
    assert code == 0, said


def first_name(built: House) -> str | None:
    found = built.simulator.find_contact(EMAIL)
    return None if found is None else found["properties"]["firstname"]


def zombie_and_identity(built: House, point: str) -> tuple[ProcessVictim, str]:
    """A dispatcher that sleeps with a sign-up in hand, and another that has sent it meanwhile."""
    come(process(built, SERVER, 0))
    zombie = process(built, DISPATCHER, 0)
    zombie.revive(point)
    # What it does at its start is over once it has decided about somebody who is not sent. Asleep in the middle of a
    # write of its own it would hold SQLite's file, and nobody could take over.
    assert built.server.sign_up("nobody@example.org", newsletter=False).status == 200
    until("a decision", lambda: not built.server.open_deliveries(), PATIENCE_S)
    answer: Answer = built.server.sign_up(EMAIL, newsletter=True, name={"first": "old"})
    until("the sleep", lambda: zombie.is_frozen, PATIENCE_S)
    come(process(built, DISPATCHER, 1))
    until("the contact by the other", lambda: first_name(built) == "old", PATIENCE_S)
    return zombie, answer.body["identity"]["id"]


def wake(zombie: ProcessVictim) -> None:
    """And waits until it has noticed that it lost its lease."""
    assert zombie.child is not None
    zombie.child.signal(signal.SIGCONT)
    until("the loss of the lease", lambda: "lease_lost" in zombie.log.read_text(), PATIENCE_S)


@pytest.mark.parametrize("point", ["delivery.before_send=stop@1", "connector.before_call=stop@3"])
def test_a_zombie_does_not_overwrite_a_newer_state(built: House, point: str) -> None:
    zombie, identity = zombie_and_identity(built, point)
    command(built, "patch", identity, json.dumps({"traits": {"name": {"first": "new"}}}))
    until("the change", lambda: first_name(built) == "new", PATIENCE_S)
    wake(zombie)
    assert first_name(built) == "new"


def test_a_zombie_does_not_bring_back_who_was_deleted(built: House) -> None:
    zombie, identity = zombie_and_identity(built, "delivery.before_send=stop@1")
    command(built, "delete", "--yes", identity)
    until("the removal", lambda: first_name(built) is None, PATIENCE_S)
    wake(zombie)
    assert built.simulator.emails() == []
