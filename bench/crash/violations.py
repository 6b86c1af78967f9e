"""What the verifier may find, each with its evidence, and the facts that all checks judge by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .history import Act
from .portal import Portal
from .records import Records
from .timeline import Timeline, timeline_of

LOST = "lost"
DOUBLED = "doubled"
INVENTED = "invented"
HALF = "half done"
OUT_OF_ORDER = "out of order"
WITHOUT_CONSENT = "sent without consent"
UNEXPLAINED = "unexplained"
KINDS = (LOST, DOUBLED, INVENTED, HALF, OUT_OF_ORDER, WITHOUT_CONSENT, UNEXPLAINED)
GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise. `person` is the name in the log, or what there is instead; `evidence` a sentence."""

    kind: str
    person: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The three inputs. `stops` are spans (seconds since 1970) in which a process was frozen.

    A request that had left when a person said no may still arrive: for `grace_s` seconds, not counting `stops`.
    """

    people: Mapping[str, Sequence[Act]]
    records: Records
    portal: Portal
    stops: Sequence[tuple[float, float]] = ()
    grace_s: float = GRACE_S
    timelines: Mapping[str, Timeline] = field(init=False)

    def __post_init__(self) -> None:
        made = {person: timeline_of(acts) for person, acts in self.people.items()}
        object.__setattr__(self, "timelines", made)

    def person_of_identity(self) -> dict[str, str]:
        """The person by identity id: from the answers, and from the e-mail where no answer named it."""
        found = {each.id: person_of(each.email) for each in self.records.identities}
        for write in self.portal.ledger:
            if write.identity and write.email and write.is_applied:
                found.setdefault(write.identity, person_of(write.email))
        named = {each: person for person, timeline in self.timelines.items() for each in timeline.identities}
        return found | named

    def left_at_the_earliest(self, at: float) -> float:
        """When a request that arrived at `at` may have left: `grace_s` before, frozen time not counted."""
        left, cursor = self.grace_s, at
        for begun, ended in sorted(self.stops, key=lambda stop: stop[1], reverse=True):
            if begun >= cursor:
                continue
            running = max(0.0, cursor - ended)
            if running >= left:
                break
            left -= running
            cursor = begun
        return cursor - left


def person_of(email: str) -> str:
    """`p12.v3@example.org` is an address of p12."""
    return email.partition("@")[0].partition(".")[0]


def version_of(first: str) -> int:
    """The number behind the last `v` of a first name, -1 for a name that no client gave."""
    digits = first.rpartition("v")[2]
    return int(digits) if digits.isdecimal() else -1
