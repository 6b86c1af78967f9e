"""How states and answers look and what they mean, once for every screen: an icon, a word, a colour."""

from collections.abc import Mapping
from dataclasses import dataclass

from doorward.outbox.states import State


@dataclass(frozen=True, slots=True)
class Look:
    """`icon` names a symbol of the page's sprite, `kind` a colour: ok, wait, bad or none. The word is the state's."""

    word: str
    icon: str
    kind: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer above the fold, in one sentence; `kind` is ok, wait, bad or none (nothing was ever sent)."""

    kind: str
    title: str
    text: str


LOOKS: Mapping[str, Look] = {
    State.PENDING: Look("pending", "clock", "wait", "Waits for its turn; nothing has failed."),
    State.LEASED: Look("leased", "send", "wait", "Is being sent right now."),
    State.RETRYABLE: Look("retryable", "again", "wait", "A try failed in a way that may pass; it is tried again."),
    State.HELD: Look("held", "hand", "wait", "Waits for a fact, for instance a verified address."),
    State.DELIVERED: Look("delivered", "tick", "ok", "It arrived."),
    State.SKIPPED: Look("skipped", "skip", "none", "Decided not to send, for instance because there is no consent."),
    State.DEAD: Look("dead", "cross", "bad", "Given up; it waits for you to mend the cause and replay or discard it."),
    State.CANCELLED: Look("cancelled", "dash", "none", "Taken back, or replaced by something newer."),
    "uncovered": Look("uncovered", "skip", "none", "The action never applied to this person."),
    "unexplained": Look("unexplained", "cross", "bad", "A delivery should be here and is not."),
}
"""The states, and the two standings of the accounting that are none."""

LINE_ICONS: Mapping[str, str] = {
    "event": "person",
    "consent": "sheet",
    "queued": "clock",
    "attempt": "send",
    "held": "hand",
    "waiting": "clock",
    "ended": "flag",
}
"""Icons of a time line by the kind of its entries."""
