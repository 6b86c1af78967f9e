"""What an alert says to a person: a sentence, the step to take, the commands that do it."""

import shlex

from doorward.delivery.alerts.model import Event, Kind, Subject, Trouble
from doorward.delivery.alerts.troubles import BREAKER_OPEN
from doorward.outbox.queues import COUNTED


def sentence(event: Event, trouble: Trouble) -> str:
    """What is the matter, in one sentence."""
    subject, number = trouble.subject, trouble.number
    over = event is Event.RECOVERED
    match subject.kind:
        case Kind.PAUSED:
            return f"The {subject.scope} {subject.name} is {'no longer ' if over else ''}paused."
        case Kind.DEAD if over:
            return f"No delivery to {subject.name} is dead any more."
        case Kind.DEAD if number == 1:
            return f"A delivery to {subject.name} is dead."
        case Kind.DEAD:
            return f"{number}{' or more' if number >= COUNTED else ''} deliveries to {subject.name} are dead."
        case Kind.WAITING:
            return f"Deliveries to {subject.name} {'no longer ' if over else ''}wait for too long."


def step_for(event: Event, trouble: Trouble) -> str:
    """What a person can do."""
    if event is Event.RECOVERED:
        return "Nothing has to be done."
    match trouble.subject.kind:
        case Kind.PAUSED if trouble.code == BREAKER_OPEN:
            return "Look whether the destination is up. It is tried again at least once a minute and goes on by itself."
        case Kind.PAUSED if trouble.until is not None:
            return "It goes on by itself when its time is over. Resume it earlier once the reason is gone."
        case Kind.PAUSED:
            return "Do what the reason says, then resume it. Its queue is kept."
        case Kind.DEAD:
            return "Look at them, mend the cause, then send them again, or give them up."
        case Kind.WAITING:
            return "Look whether a dispatcher runs, what rests, and how the last tries ended."


def commands_for(event: Event, subject: Subject) -> list[str]:
    """Commands that show it and end it, ready to be typed."""
    name = shlex.quote(subject.name)
    if event is Event.RECOVERED:
        return ["doorward alerts list"]
    match subject.kind:
        case Kind.PAUSED:
            return ["doorward pauses list", f"doorward pauses resume {subject.scope} {name}"]
        case Kind.DEAD:
            return [
                f"doorward deliveries list --state dead --destination {name}",
                f"doorward deliveries replay --state dead --destination {name}",
                f"doorward deliveries discard --state dead --destination {name}",
            ]
        case Kind.WAITING:
            return ["doorward pauses list", f"doorward deliveries list --state retryable --destination {name}"]
