"""From a verdict to what happens to the delivery: dead, tried again, waiting, or a pause with the step to take."""

from collections.abc import Callable, Mapping

from doorward.connectors.hubspot.errors import Problem, Verdict
from doorward.delivery.contract import Discard, Outcome, Pause, Retry, Snooze

LOCKED_WAIT_S = 2.0
"""HubSpot asks for at least two seconds after 423."""
BUSY_WAIT_S = 10.0
LONG_WAIT_S = 3600.0
PAUSE_WAIT_S = 30.0
"""How long a row sleeps whose destination or action pauses; the resume wakes it earlier."""

CONNECT = "Run `doorward hubspot connect`."
STEPS: Mapping[Verdict, str] = {
    Verdict.TOKEN: "Make a new service key in HubSpot and run `doorward hubspot connect` with it.",
    Verdict.SCOPE: f"Grant the scope to the key in HubSpot, then: {CONNECT}",
    Verdict.KEY: CONNECT,
    Verdict.DEFINITION: "Create the property in HubSpot (connect makes ours) or take it out of the template; resume.",
    Verdict.RULE: "Have the template send it, or lift the rule in HubSpot, then resume the action.",
    Verdict.NOT_HUBSPOT: "Correct base_url in the destination's settings.",
    Verdict.VALUE: "Correct the person's data or the template, then replay the delivery.",
    Verdict.WHOLE: "Look at the attempt's correlation id in HubSpot's request log, then replay the delivery.",
}


def pause_destination(code: str, reason: str, until_s: float | None = None) -> Snooze:
    return Snooze(code, reason, until_s or PAUSE_WAIT_S, Pause("destination", code, reason, until_s))


def pause_action(code: str, reason: str) -> Snooze:
    return Snooze(code, reason, PAUSE_WAIT_S, Pause("action", code, reason))


def summary(problem: Problem) -> str | None:
    """What the attempt's row keeps: HubSpot's correlation id finds the call in its own log."""
    found = problem.complaint.correlation_id
    return f"correlation id {found}" if found else None


def _dead(problem: Problem) -> Outcome:
    return Discard(problem.code, with_step(problem), problem.status or None, summary(problem))


def _destination(problem: Problem) -> Outcome:
    return pause_destination(problem.code, with_step(problem))


def _action(problem: Problem) -> Outcome:
    return pause_action(problem.code, with_step(problem))


def _busy(problem: Problem) -> Outcome:
    return Snooze(problem.code, problem.text, problem.retry_after_s or BUSY_WAIT_S, http_status=problem.status or None)


def _locked(problem: Problem) -> Outcome:
    wait = max(LOCKED_WAIT_S, problem.retry_after_s or 0.0)
    return Snooze(problem.code, problem.text, wait, http_status=problem.status)


def _until_then(problem: Problem) -> Outcome:
    return pause_destination(problem.code, problem.text, problem.retry_after_s or LONG_WAIT_S)


def _again(problem: Problem) -> Outcome:
    return Retry(
        problem.code,
        problem.text,
        problem.retry_after_s,
        problem.status or None,
        may_have_applied=problem.verdict is Verdict.UNKNOWN,
        summary=summary(problem),
    )


TABLE: Mapping[Verdict, Callable[[Problem], Outcome]] = {
    Verdict.VALUE: _dead,
    Verdict.DEFINITION: _action,
    Verdict.RULE: _action,
    Verdict.CONFLICT: _again,
    Verdict.GONE: _again,
    Verdict.KEY: _destination,
    Verdict.TOKEN: _destination,
    Verdict.SCOPE: _destination,
    Verdict.BUSY: _busy,
    Verdict.DAILY: _until_then,
    Verdict.LOCKED: _locked,
    Verdict.MIGRATING: _until_then,
    Verdict.AWAY: _again,
    Verdict.UNKNOWN: _again,
    Verdict.WHOLE: _dead,
    Verdict.NOT_HUBSPOT: _destination,
}


def outcome_of(problem: Problem) -> Outcome:
    """Total over verdicts. A conflict or a missing record that nobody resolved is simply tried again."""
    return TABLE[problem.verdict](problem)


def with_step(problem: Problem) -> str:
    """The sentence for people: what is wrong and what to do."""
    step = STEPS.get(problem.verdict)
    return f"{problem.text} {step}" if step else problem.text
