"""Events and deliveries against identities: each fact is one event, each event has its deliveries, all or nothing."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from .records import Event
from .violations import DOUBLED, HALF, INVENTED, Facts, Violation

CREATED, UPDATED, DELETED = "identity.created", "identity.updated", "identity.deleted"
ACTION, REMOVAL = "hubspot", "hubspot-removal"
ACTIONS = {CREATED: ACTION, UPDATED: ACTION, DELETED: REMOVAL}


def check_events(facts: Facts) -> Iterator[Violation]:
    """Counts events by identity and kind, deliveries by event and action; numbers go up without a gap."""
    people = facts.person_of_identity()
    events: defaultdict[str, list[Event]] = defaultdict(list)
    for event in facts.records.events:
        events[event.identity_id].append(event)
    queued = Counter((each.event_id, each.action) for each in facts.records.deliveries)
    for identity in facts.records.identities:
        person = people[identity.id]
        if CREATED not in {event.kind for event in events[identity.id]}:
            yield Violation(HALF, person, f"the identity {identity.id} is there without the event of its creation")
        numbers = sorted(event.seq for event in events[identity.id])
        if numbers != list(range(1, identity.event_seq + 1)):
            yield Violation(HALF, person, f"{identity.id} has had {identity.event_seq} events, kept are {numbers}")
    known = {identity.id for identity in facts.records.identities}
    for identity_id, found in events.items():
        person = people.get(identity_id, identity_id)
        kinds = Counter(event.kind for event in found)
        if identity_id not in known and not kinds[DELETED]:
            yield Violation(INVENTED, person, f"events of {identity_id}, which is not there and was never deleted")
        for kind in (CREATED, DELETED):
            if kinds[kind] > 1:
                yield Violation(DOUBLED, person, f"{kinds[kind]} events {kind} of {identity_id}")
        for event in found:
            yield from _queued(person, event, queued)


def _queued(person: str, event: Event, queued: Counter[tuple[str, str]]) -> Iterator[Violation]:
    action = ACTIONS.get(event.kind)
    if action is None:
        return
    count = queued[event.id, action]
    if count == 0:
        yield Violation(HALF, person, f"the event {event.kind} {event.id} has no delivery of {action}")
    if count > 1:
        yield Violation(DOUBLED, person, f"the event {event.kind} {event.id} has {count} deliveries of {action}")
