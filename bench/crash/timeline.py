"""What may be true of a person, and when, as far as the log can tell.

A request without an answer leaves both: what was before it and what it asked for. Nothing between is possible.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .history import Act, Traits

State = Traits | None
"""None: there is no such identity."""
FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Segment:
    """From `since` until `until` (seconds since 1970) one of `states` was true."""

    since: float
    until: float
    states: frozenset[State]


@dataclass(frozen=True, slots=True)
class Timeline:
    """`contradictions` are answers that no possible state explains; `identities` all ids that were ever answered."""

    segments: tuple[Segment, ...]
    contradictions: tuple[str, ...]
    identities: frozenset[str]

    @property
    def final(self) -> frozenset[State]:
        """What may be true after the last answer."""
        return self.segments[-1].states

    def may_have_agreed(self, since: float, until: float) -> bool:
        """Whether at any moment of that span the person may have existed with consent."""
        return any(
            state is not None and state.agrees
            for segment in self.segments
            if segment.since <= until and segment.until >= since
            for state in segment.states
        )


def timeline_of(acts: Sequence[Act]) -> Timeline:
    """From the acts of one person in order."""
    states: frozenset[State] = frozenset([None])
    segments: list[Segment] = []
    contradictions: list[str] = []
    since = 0.0
    for act in acts:
        segments.append(Segment(since, act.asked_at, states))
        after = _after(act, states)
        if not after:
            contradictions.append(f"{act.kind} {act.number} was answered {act.verdict}, which cannot be after {states}")
            after = states
        ended = act.asked_at if act.answered_at is None else act.answered_at
        segments.append(Segment(act.asked_at, ended, states | after | _done(act, states)))
        states, since = after, ended
    segments.append(Segment(since, FOREVER, states))
    return Timeline(tuple(segments), tuple(contradictions), frozenset(act.identity for act in acts if act.identity))


def _after(act: Act, states: frozenset[State]) -> frozenset[State]:
    """What may be true once the answer is there; empty if the answer cannot be."""
    done = _done(act, states)
    if act.verdict == "yes":
        return done
    if act.verdict == "no":
        return states
    if act.verdict == "unknown":
        return states | done
    return frozenset(state for state in states if (state is None) == (act.verdict == "gone"))


def _done(act: Act, states: frozenset[State]) -> frozenset[State]:
    """What is true if it happens: a sign-up needs an absent person, the others a present one."""
    needs_absent = act.kind == "sign_up"
    return frozenset([act.wants]) if any((state is None) == needs_absent for state in states) else frozenset()
