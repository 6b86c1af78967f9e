"""The clients' log as data: what was asked, what was answered, when. Written around each request, and synced.

One JSON object a line. `asked` comes before the request leaves, `answered` after its answer; a request whose answer
never came has no second line, or the verdict `unknown`.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

Kind = Literal["sign_up", "patch", "delete"]
Verdict = Literal["yes", "no", "exists", "gone", "unknown"]
"""`no`: surely not done. `exists`, `gone`: not done, because the person is already there, or is not there."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a client wants to be stored of a person. `first` names the version: every change gives a new one."""

    email: str
    first: str
    agrees: bool


@dataclass(frozen=True, slots=True)
class Act:
    """One request. `wants` is the whole state that it asks for, None for a deletion. Times in seconds since 1970."""

    number: int
    person: str
    kind: Kind
    wants: Traits | None
    asked_at: float
    answered_at: float | None = None
    verdict: Verdict = "unknown"
    identity: str | None = None


def asked_line(act: Act) -> dict[str, Any]:
    """The line before the request."""
    wants = act.wants and {"email": act.wants.email, "first": act.wants.first, "agrees": act.wants.agrees}
    return {"asked": act.number, "person": act.person, "kind": act.kind, "wants": wants, "at": act.asked_at}


def answered_line(number: int, at: float, verdict: Verdict, identity: str | None, note: str) -> dict[str, Any]:
    """The line after the answer. `note` is for the reader: a status, an error's id."""
    return {"answered": number, "at": at, "verdict": verdict, "identity": identity, "note": note}


def read_log(files: Iterable[Path]) -> dict[str, list[Act]]:
    """Acts by person, in the order of asking. A person belongs to one client, so that the order is certain."""
    people: defaultdict[str, list[Act]] = defaultdict(list)
    for file in files:
        acts: dict[int, Act] = {}
        for line in file.read_text().splitlines():
            _take(json.loads(line), acts)
        for act in acts.values():
            people[act.person].append(act)
    return {person: sorted(acts, key=lambda act: act.asked_at) for person, acts in people.items()}


def _take(line: Mapping[str, Any], acts: dict[int, Act]) -> None:
    if "asked" in line:
        wants = None if line["wants"] is None else Traits(**line["wants"])
        acts[line["asked"]] = Act(line["asked"], line["person"], line["kind"], wants, line["at"])
        return
    acts[line["answered"]] = replace(
        acts[line["answered"]], answered_at=line["at"], verdict=line["verdict"], identity=line["identity"]
    )
