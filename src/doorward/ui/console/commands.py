"""The commands that act on what the console shows: it is read-only, so that it says what to type instead."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from doorward.outbox.model import Delivery
from doorward.outbox.restored import is_held_for_a_person
from doorward.outbox.states import ENDED, State


@dataclass(frozen=True, slots=True)
class Command:
    """`purpose` is a few words before it; `text` is what to type."""

    purpose: str
    text: str

    @property
    def words(self) -> list[str]:
        """The text where a line may end: an option stays whole."""
        return self.text.split(" ")


@dataclass(frozen=True, slots=True)
class Commands:
    """`is_reachable`: a command can open this installation's database (one that lives in the server, it cannot)."""

    paths: Sequence[Path] = ()
    is_dev: bool = False
    is_reachable: bool = True

    def of(self, purpose: str, *words: str) -> Command:
        """A command of this installation: with the configuration that this server was started with."""
        options = [word for path in self.paths for word in ("--config", str(path.absolute()))]
        return Command(purpose, shlex.join(["doorward", *words, *options, *(["--dev"] if self.is_dev else [])]))

    def for_delivery(self, delivery: Delivery) -> list[Command]:
        """What may be done with it in its state."""
        own = str(delivery.id)
        found = [
            self.of("Look at what would be sent (the audit log will say so)", "deliveries", "show", own, "--reveal")
        ]
        if is_held_for_a_person(delivery):
            found.append(self.of("If it has not arrived, let it go", "deliveries", "release", own))
        elif delivery.state is State.HELD:
            found.append(
                self.of(
                    "If you know that the address is theirs, verify it",
                    *("identities", "verify", str(delivery.identity_id), "ADDRESS"),
                )
            )
        if delivery.state in ENDED:
            found.append(self.of("Send it again", "deliveries", "replay", own))
        if delivery.state not in ENDED or delivery.state is State.DEAD:
            found.append(self.of("Give it up", "deliveries", "discard", own, "--why", "REASON"))
        return found

    def for_person(self, identity_id: str) -> list[Command]:
        """The same story on a terminal."""
        return [self.of("The same on a terminal", "hubspot", "where", identity_id)]

    def for_dead(self) -> list[Command]:
        return [self.of("Once the cause is mended, send them again", "deliveries", "replay", "--state", "dead")]

    def for_pause(self, scope: str, name: str) -> list[Command]:
        return [self.of("Once the cause is mended, resume", "pauses", "resume", scope, name)]

    def for_accounting(self) -> list[Command]:
        return [
            self.of(
                "The exact accounting, in which everybody is counted once; asks each portal, too", "hubspot", "check"
            )
        ]
