"""The accounting identity, counted from the database alone: consenting = delivered + waiting + held + dead."""

from collections import Counter
from collections.abc import Iterator, Mapping

from .records import Delivery, Records
from .violations import UNEXPLAINED, Facts, Violation

DELIVERED, WAITING, HELD, DEAD = "delivered", "waiting", "held", "dead"
STANDINGS: Mapping[str, str] = {
    "pending": WAITING,
    "leased": WAITING,
    "retryable": WAITING,
    "delivered": DELIVERED,
    "held": HELD,
    "dead": DEAD,
}


def newest_deliveries(records: Records) -> dict[str, Delivery]:
    """By identity id: the last of its line."""
    return {each.identity_id: each for each in records.deliveries}


def standing(delivery: Delivery | None) -> str:
    """What the accounting calls its state; for somebody who consents, other states explain nothing."""
    return UNEXPLAINED if delivery is None else STANDINGS.get(delivery.state, UNEXPLAINED)


def account(records: Records) -> dict[str, int]:
    """How many agree, and where they are."""
    newest = newest_deliveries(records)
    counts = Counter(standing(newest.get(each.id)) for each in records.identities if each.agrees)
    places = (DELIVERED, WAITING, HELD, DEAD, UNEXPLAINED)
    return {"consenting": counts.total(), **{place: counts[place] for place in places}}


def check_accounts(facts: Facts) -> Iterator[Violation]:
    """Everybody who agrees and is nowhere; everything that is held or dead without a reason."""
    people = facts.person_of_identity()
    newest = newest_deliveries(facts.records)
    for identity in facts.records.identities:
        delivery = newest.get(identity.id)
        if identity.agrees and standing(delivery) == UNEXPLAINED:
            told = "has no delivery" if delivery is None else f"is {delivery.state}: {delivery.reason}"
            yield Violation(UNEXPLAINED, people[identity.id], f"{identity.id} agrees and {told}")
    for delivery in facts.records.deliveries:
        if standing(delivery) in (HELD, DEAD) and not delivery.reason:
            person = people.get(delivery.identity_id, delivery.identity_id)
            yield Violation(UNEXPLAINED, person, f"the delivery {delivery.id} is {delivery.state} without a reason")
