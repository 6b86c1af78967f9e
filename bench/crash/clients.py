"""Clients: sign people up through the real flow, change and delete them by command, and keep the log of it all.

A request without a sure answer is made again until there is one, as a client would that cares.
"""

import http.client
import json
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from running import PASSWORD, Answer, exchange

from .commands import Commands
from .history import Act, Kind, Traits, Verdict, answered_line, asked_line
from .plan import Wish

TRIES = 30
PAUSE_S = 0.25
TAKEN = 4000007
"""Kratos's message id: there is an account with this identifier."""
ERROR_ID = re.compile(r"\[(\w+)\]\s*$")
JSON_BODY = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Told:
    """What a request came to. `note` is a status or an error's id."""

    verdict: Verdict
    note: str
    identity: str | None = None


@dataclass
class Person:
    """Somebody of one client. `identity` is known once an answer named it."""

    name: str
    traits: Traits
    versions: int = 1
    identity: str | None = None


@dataclass
class Client:
    """One thread of wishes. `counts` tells verdicts by kind."""

    number: int
    addresses: tuple[str, ...]
    config: Path
    commands: Commands
    wish: Callable[[], Wish]
    stopping: threading.Event
    think_s: float
    people: list[Person] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    acts: int = 0

    @property
    def log(self) -> Path:
        return self.config.parent / f"client{self.number}.jsonl"

    def run(self) -> None:
        """Until `stopping`; what was begun is brought to its end."""
        with self.log.open("a") as log:
            while not self.stopping.is_set():
                self._grant(self.wish(), log)
                self.stopping.wait(self.think_s)

    def _grant(self, wish: Wish, log: IO[str]) -> None:
        if wish.kind == "sign_up":
            self._sign_up(wish, log)
            return
        known = [person for person in self.people if person.identity is not None]
        if not known:
            return
        person = known[-1 - min(wish.back, len(known) - 1)]
        self._command(person, wish, log)

    def _sign_up(self, wish: Wish, log: IO[str]) -> None:
        name = f"c{self.number}n{len(self.people)}"
        person = Person(name, Traits(f"{name}@example.org", f"{name}v0", wish.agrees))
        self.people.append(person)
        for attempt in range(TRIES):
            path = self._begun_flow(attempt)
            if path is None:
                time.sleep(PAUSE_S)
                continue
            told = self._act(person, "sign_up", person.traits, log, partial(self._submit, path, person))
            person.identity = told.identity
            if told.verdict in ("yes", "exists"):
                return
            if told.verdict == "no" and self.stopping.is_set():
                return
            time.sleep(PAUSE_S)

    def _address(self, attempt: int) -> str:
        return self.addresses[(self.number + self.acts + attempt) % len(self.addresses)]

    def _begun_flow(self, attempt: int) -> str | None:
        """Where to submit; None while no server answers."""
        try:
            begun = exchange(self._address(attempt), "GET", "/self-service/registration/api")
        except (OSError, http.client.HTTPException):
            return None
        if begun.status != 200:
            self.counts[f"flow not begun: {begun.status}"] += 1
            return None
        action = urlsplit(begun.body["ui"]["action"])
        return f"{action.path}?{action.query}"

    def _submit(self, path: str, person: Person) -> Told:
        """At any server: a flow begun at one may be submitted at another."""
        traits = {
            "email": person.traits.email,
            "name": {"first": person.traits.first},
            "newsletter": person.traits.agrees,
        }
        body = json.dumps({"method": "password", "password": PASSWORD, "traits": traits}).encode()
        try:
            return read_answer(exchange(self._address(1), "POST", path, body, JSON_BODY))
        except ConnectionRefusedError:
            return Told("no", "refused")
        except (OSError, http.client.HTTPException) as lost:
            return Told("unknown", type(lost).__name__)

    def _command(self, person: Person, wish: Wish, log: IO[str]) -> None:
        wants = None if wish.kind == "delete" else self._changed(person, wish)
        for attempt in range(TRIES):
            next_life = "" if attempt else wish.next_life
            told = self._act(person, wish.kind, wants, log, partial(self._run, person, wants, next_life))
            if told.verdict == "yes" and wants is not None:
                person.traits = wants
                return
            if told.verdict in ("yes", "gone"):
                person.identity = None
                return
            time.sleep(PAUSE_S)
        person.identity = None  # nobody knows: it is left alone from here on

    def _changed(self, person: Person, wish: Wish) -> Traits:
        version = person.versions
        person.versions += 1
        email = f"{person.name}.v{version}@example.org" if wish.changes_email else person.traits.email
        return Traits(email, f"{person.name}v{version}", wish.agrees)

    def _run(self, person: Person, wants: Traits | None, next_life: str) -> Told:
        assert person.identity is not None
        arguments = ["identities", "delete", "--yes", person.identity]
        if wants is not None:
            traits = {"email": wants.email, "name": {"first": wants.first}, "newsletter": wants.agrees}
            changes = json.dumps({"traits": traits})
            arguments = ["identities", "patch", "--consent-source", "rig", person.identity, changes]
        arguments += ["--json", "--dev", "--config", str(self.config)]
        code, said = self.commands.run(arguments, next_life)
        return read_exit(code, said)

    def _act(self, person: Person, kind: Kind, wants: Traits | None, log: IO[str], do: Callable[[], Told]) -> Told:
        """Log, do, log."""
        self.acts += 1
        number = self.acts
        _keep(log, asked_line(Act(number, person.name, kind, wants, time.time())))
        told = do()
        _keep(log, answered_line(number, time.time(), told.verdict, told.identity or person.identity, told.note))
        self.counts[f"{kind} {told.verdict}"] += 1
        if told.verdict in ("no", "unknown"):
            self.counts[f"{kind}: {told.note}"] += 1
        return told


def read_answer(answer: Answer) -> Told:
    """A registration's answer. The product promises that a 503 has done nothing, but for `commit_unknown`."""
    if answer.status == 200:
        return Told("yes", "200", answer.body["identity"]["id"])
    body: Mapping[str, Any] = answer.body if isinstance(answer.body, dict) else {}
    if TAKEN in {message.get("id") for message in body.get("ui", {}).get("messages") or []}:
        return Told("exists", "400")
    code = body.get("error", {}).get("id", "")
    note = f"{answer.status} {code}".strip()
    is_sure = answer.status < 500 or (answer.status == 503 and code != "commit_unknown")
    return Told("no" if is_sure else "unknown", note)


def read_exit(code: int, said: str) -> Told:
    """A command's end. Only what names its refusal is a sure no."""
    if code == 0:
        return Told("yes", "0")
    found = ERROR_ID.search(said.strip())
    name = found[1] if found else f"exit {code}"
    if name == "identity_not_found":
        return Told("gone", name)
    return Told("no" if name.startswith("database_") or name == "contended" else "unknown", name)


def _keep(log: IO[str], line: Mapping[str, Any]) -> None:
    log.write(json.dumps(line) + "\n")
    log.flush()
    os.fsync(log.fileno())
