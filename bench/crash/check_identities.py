"""Identities against the log: what was answered is there, what was not asked for is not, and nothing is half there."""

from collections import defaultdict
from collections.abc import Iterator

from .history import Traits
from .records import Identity
from .timeline import Timeline
from .violations import DOUBLED, HALF, INVENTED, LOST, Facts, Violation, person_of


def check_identities(facts: Facts) -> Iterator[Violation]:
    """Every person of the log, and every identity that belongs to none."""
    found: defaultdict[str, list[Identity]] = defaultdict(list)
    for identity in facts.records.identities:
        found[person_of(identity.email)].append(identity)
    for person, timeline in facts.timelines.items():
        yield from _person(person, timeline, found.pop(person, []))
    for person, identities in found.items():
        yield Violation(INVENTED, person, f"nobody asked for the identity {identities[0].id}")


def _person(person: str, timeline: Timeline, identities: list[Identity]) -> Iterator[Violation]:
    for text in timeline.contradictions:
        yield Violation(LOST, person, text)
    if len(identities) > 1:
        yield Violation(DOUBLED, person, f"has the identities {', '.join(each.id for each in identities)}")
    for identity in identities:
        if timeline.final == {None}:
            yield Violation(INVENTED, person, f"the identity {identity.id} was refused or deleted, and is there")
        else:
            yield from _state(person, timeline, identity)
    if not identities and None not in timeline.final:
        yield Violation(LOST, person, f"was answered yes as {', '.join(timeline.identities) or '?'}, and is not there")


def _state(person: str, timeline: Timeline, identity: Identity) -> Iterator[Violation]:
    if timeline.identities and identity.id not in timeline.identities:
        yield Violation(LOST, person, f"was answered as {timeline.identities}, and is there as {identity.id}")
    stored = Traits(identity.email, identity.first, identity.trait_agrees)
    if stored not in timeline.final:
        yield Violation(LOST, person, f"holds {stored}; possible after the answers: {set(timeline.final)}")
    if identity.trait_agrees != identity.agrees:
        yield Violation(HALF, person, f"the trait says {identity.trait_agrees}, the receipts {identity.receipts}")
    if "password" not in identity.credentials:
        yield Violation(HALF, person, f"the identity {identity.id} has no password")
