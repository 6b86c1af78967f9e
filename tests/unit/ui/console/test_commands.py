"""Every command that the console shows is one that the program takes."""

import shlex
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import click
import pytest

from doorward.cli.main import main
from doorward.clock import EPOCH
from doorward.outbox.model import Delivery
from doorward.outbox.restored import RESTORED
from doorward.outbox.states import State
from doorward.ui.console.commands import Command, Commands

ID = UUID("0193a5b0-7c41-7d51-9a52-4f0c7be1a001")
PENDING = Delivery(
    id=ID,
    event_id=ID,
    event_kind="identity.created",
    identity_id=ID,
    seq=1,
    action="crm",
    connector="hubspot",
    destination="crm",
    state=State.PENDING,
    payload=b"",
    attempts=0,
    snoozes=0,
    not_before=EPOCH,
    lease_owner=None,
    lease_token=None,
    lease_until=None,
    held_for=None,
    reason_code=None,
    reason=None,
    external_id=None,
    template_version=None,
    replays=0,
    trace_id="",
    created_at=EPOCH,
    updated_at=EPOCH,
    settled_at=None,
)
COMMANDS = Commands((Path("/etc/door ward/a;b.yml"),), is_dev=True)


def parse(command: Command) -> None:
    """Raises click's UsageError for what the program would refuse."""
    words = shlex.split(command.text)
    assert words.pop(0) == "doorward"
    found: click.Command = main
    while isinstance(found, click.Group):
        found = found.commands[words.pop(0)]
    with found.make_context("doorward", words, resilient_parsing=False):
        pass


@pytest.mark.parametrize("state", State)
def test_commands_for_a_delivery_in_each_state(state: State) -> None:
    found = COMMANDS.for_delivery(replace(PENDING, state=state))
    assert found
    for each in found:
        parse(each)
    texts = " ".join(each.text for each in found)
    is_open = state in {State.PENDING, State.LEASED, State.RETRYABLE, State.HELD}
    assert ("replay" in texts) is not is_open
    assert ("discard" in texts) is (is_open or state is State.DEAD)


def test_what_a_restore_holds_is_released_and_not_verified() -> None:
    found = COMMANDS.for_delivery(replace(PENDING, state=State.HELD, held_for=RESTORED))
    texts = " ".join(each.text for each in found)
    assert "deliveries release" in texts
    assert "verify" not in texts
    for each in found:
        parse(each)


@pytest.mark.parametrize(
    "command",
    [
        *COMMANDS.for_dead(),
        *COMMANDS.for_pause("destination", "it's; a name"),
        *COMMANDS.for_accounting(),
        *COMMANDS.for_person(str(ID)),
        COMMANDS.of("Connect", "hubspot", "connect"),
    ],
)
def test_the_other_commands(command: Command) -> None:
    parse(command)
    assert " ".join(command.words) == command.text


def test_names_and_paths_are_quoted_for_the_shell() -> None:
    text = COMMANDS.for_pause("destination", "it's; a name")[0].text
    assert shlex.split(text)[4] == "it's; a name"
    assert "'/etc/door ward/a;b.yml'" in text
