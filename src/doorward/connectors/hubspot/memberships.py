"""Puts contacts on static lists after they were written. Adding twice changes nothing, so a retry is safe."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.draft import Draft
from doorward.connectors.hubspot.errors import Problem, Verdict
from doorward.connectors.hubspot.outcomes import outcome_of, pause_action
from doorward.connectors.hubspot.transport import CallRefused
from doorward.delivery.contract import Outcome, Retry


async def add_to_lists(
    client: HubSpotClient, drafts: Sequence[Draft], contact_ids: Mapping[UUID, str]
) -> dict[UUID, Outcome]:
    """Outcomes by delivery id, only for those that could not be added to one of their lists."""
    failed: dict[UUID, Outcome] = {}
    for list_id in sorted({each for draft in drafts for each in draft.lists}):
        members = [draft for draft in drafts if list_id in draft.lists and draft.delivery_id in contact_ids]
        try:
            missing = await client.add_to_list(list_id, [contact_ids[each.delivery_id] for each in members])
        except CallRefused as refused:
            failed.update(dict.fromkeys((each.delivery_id for each in members), _refused(list_id, refused.problem)))
            continue
        reason = f"HubSpot did not know the contact when it was to be added to the list {list_id}."
        failed.update(
            {
                each.delivery_id: Retry("list_member_missing", reason)
                for each in members
                if contact_ids[each.delivery_id] in missing
            }
        )
    return failed


def _refused(list_id: str, problem: Problem) -> Outcome:
    if problem.verdict is Verdict.GONE:
        step = "Correct the number in the template, then resume the action."
        return pause_action("list_missing", f"HubSpot has no list {list_id}. {step}")
    if problem.verdict in {Verdict.WHOLE, Verdict.VALUE}:
        step = "Name a static list in the template, then resume the action."
        return pause_action("list_refused", f"The list {list_id} takes no members (it may be dynamic). {step}")
    return outcome_of(problem)
