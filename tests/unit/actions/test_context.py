"""What templates see of an event: all of it in `actions:`, what Kratos shows in the hooks of flows."""

import pytest

from doorward.actions.context import seen_by
from doorward.actions.model import Action, Trigger

CONTEXT = {"identity": {}, "flow": {}, "event": {"kind": "identity.updated"}, "previous_identity": {}}


@pytest.mark.parametrize(
    ("connector", "flow_kind", "sees"),
    [
        ("web_hook", "settings", {"identity", "flow"}),
        ("web_hook", None, set(CONTEXT)),
        ("hubspot", "settings", set(CONTEXT)),
    ],
)
def test_a_web_hook_in_a_flows_list_sees_what_kratos_shows(
    connector: str, flow_kind: str | None, sees: set[str]
) -> None:
    action = Action("crm", Trigger("identity.updated", flow_kind), connector, "http://127.0.0.1", "here", {})
    assert set(seen_by(action, CONTEXT)) == sees
