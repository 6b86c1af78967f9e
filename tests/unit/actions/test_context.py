"""What templates see of an event: all of it in `actions:`, what Kratos shows in the hooks of flows."""

import pytest

from doorward.actions.context import allowed_headers, seen_by
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


@pytest.mark.parametrize(
    ("sent", "listed", "seen"),
    [
        ({}, ["Accept"], {}),
        ({"accept": ("a",), "content-type": ("text/html",)}, [], {}),
        ({"accept": ("a",)}, ["Content-Type"], {}),
        ({"accept": ("a",), "content-type": ("text/html",)}, ["content-type", "Host"], {"Content-Type": ["text/html"]}),
        ({"x-mine": ("one", "two")}, ["X-MINE"], {"X-Mine": ["one", "two"]}),
        ({"host": ("h",), "transfer-encoding": ("chunked",)}, ["Host", "Transfer-Encoding"], {}),
    ],
)
def test_only_listed_headers_and_the_host_never(
    sent: dict[str, tuple[str, ...]], listed: list[str], seen: dict[str, list[str]]
) -> None:
    assert allowed_headers(sent, listed) == seen
