"""Sends a batch and tells what became of each record, even where HubSpot refuses the batch for one of them.

Results are matched by trace id, never by position or e-mail: they come back in any order, e-mails lower-cased.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from doorward.connectors.hubspot.complaint import read_complaint
from doorward.connectors.hubspot.draft import Written
from doorward.connectors.hubspot.errors import Problem, Verdict, classify
from doorward.connectors.hubspot.transport import CallRefused, silence
from doorward.connectors.hubspot.wire import BatchAnswer, BatchInput

Call = Callable[[Sequence[BatchInput]], Awaitable[BatchAnswer]]

OF_ONE_RECORD = frozenset(
    {Verdict.VALUE, Verdict.DEFINITION, Verdict.RULE, Verdict.CONFLICT, Verdict.GONE, Verdict.WHOLE}
)
"""Refusals of a whole batch that one record of it may have caused."""


async def send_batch(call: Call, inputs: Sequence[BatchInput]) -> dict[str, Written]:
    """Contact or problem by trace id, for every input."""
    if not inputs:
        return {}
    try:
        answer = await call(inputs)
    except CallRefused as refused:
        return await _refused(call, inputs, refused.problem)
    return matched(inputs, answer)


async def _refused(call: Call, inputs: Sequence[BatchInput], problem: Problem) -> dict[str, Written]:
    """Without a word about which record it was, halves are sent until it stands alone; the others get through."""
    if len(inputs) == 1 or problem.verdict not in OF_ONE_RECORD:
        return dict.fromkeys((each.trace_id for each in inputs), _of_sent(problem, inputs))
    guilty = [each for each in inputs if _is_blamed(each, problem)]
    if guilty and len(guilty) < len(inputs):
        innocent = [each for each in inputs if each not in guilty]
        return {each.trace_id: problem for each in guilty} | await send_batch(call, innocent)
    if guilty and problem.verdict is Verdict.DEFINITION:
        return {each.trace_id: problem for each in inputs}
    middle = len(inputs) // 2
    return await send_batch(call, inputs[:middle]) | await send_batch(call, inputs[middle:])


def _is_blamed(each: BatchInput, problem: Problem) -> bool:
    complaint = problem.complaint
    if problem.verdict is Verdict.DEFINITION:
        return not complaint.properties or not each.properties.keys().isdisjoint(complaint.properties)
    return each.trace_id in complaint.trace_ids or each.id in complaint.ids


def matched(inputs: Sequence[BatchInput], answer: BatchAnswer) -> dict[str, Written]:
    """Contact or problem by trace id. An input that the answer does not mention may have been applied."""
    known = {each.trace_id for each in inputs}
    written: dict[str, Written] = {}
    unnamed: list[Problem] = []
    for shape in answer.errors:
        complaint = read_complaint(207, shape)
        blamed = [each for each in inputs if each.trace_id in complaint.trace_ids or each.id in complaint.ids]
        problem = _of_sent(classify(complaint), blamed)
        written.update({each.trace_id: problem for each in blamed})
        if not blamed:
            unnamed.append(problem)
    written.update(
        {each.trace_id: each for each in answer.contacts if each.trace_id is not None and each.trace_id in known}
    )
    left = known - written.keys()
    # One complaint that names nobody can only be about the one that is left; with more nobody can tell.
    is_certain = len(unnamed) == 1 and len(left) == 1
    guess = unnamed[0] if is_certain else silence("HubSpot's answer does not mention it.", may_have_applied=True)
    return written | dict.fromkeys(left, guess)


def _of_sent(problem: Problem, blamed: Sequence[BatchInput]) -> Problem:
    """A demanded property that the record did send is a matter of its value; one that it did not, of the template."""
    if problem.verdict is not Verdict.RULE:
        return problem
    sent = {name for each in blamed for name in each.properties}
    return replace(problem, verdict=Verdict.VALUE) if sent.intersection(problem.complaint.properties) else problem
