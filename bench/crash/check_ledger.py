"""The ledger against the log: writes of one person in the order of their changes, and none without consent."""

from collections.abc import Iterator

from .portal import CONSENT, Write
from .violations import INVENTED, OUT_OF_ORDER, WITHOUT_CONSENT, Facts, Violation, person_of, version_of


def check_ledger(facts: Facts) -> Iterator[Violation]:
    """Goes through it once, from its beginning."""
    people = facts.person_of_identity()
    versions: dict[str, int] = {}
    for write in facts.portal.ledger:
        person = people.get(write.identity or "") or person_of(write.email or "")
        if person not in facts.people:
            if write.tells_about_a_person:
                yield Violation(INVENTED, person, f"write {write.seq} is about somebody whom no client knows")
            continue
        if write.is_applied:
            yield from _order(person, write, versions)
        yield from _consent(facts, person, write)


def _order(person: str, write: Write, versions: dict[str, int]) -> Iterator[Violation]:
    """Each change gives the first name a new number, and the ledger tells what a write changed it to."""
    first = write.changes.get("firstname")
    if first is None:
        return
    version, before = version_of(first), versions.get(person, -1)
    if version <= before:
        text = f"write {write.seq} sets version {version} after version {before} had been there"
        yield Violation(OUT_OF_ORDER, person, text)
    versions[person] = max(version, before)


def _consent(facts: Facts, person: str, write: Write) -> Iterator[Violation]:
    """A sent body counts, whether it was accepted or not."""
    if not write.tells_about_a_person:
        return
    since = facts.left_at_the_earliest(write.at)
    if not facts.timelines[person].may_have_agreed(since, write.at):
        told = f"write {write.seq} ({write.kind}, {'' if write.is_applied else 'not '}applied, {CONSENT}="
        text = f"{told}{write.changes.get(CONSENT)}) at {write.at:.3f}: no consent since {since:.3f}"
        yield Violation(WITHOUT_CONSENT, person, text)
