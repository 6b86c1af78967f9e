"""Secrets of settings forms, as they lie in the database."""

from uuid import uuid4

import pytest

from doorward.clock import MovableClock
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType, Node, Ui
from doorward.flows.render import flow_json, read_ui, ui_json
from doorward.flows.settings_veil import Veil
from doorward.security.cipher import SecretMissing, Tampered

OLD, NEW = "an old secret of some length", "a new secret of some length!"
CODES = Node("text", "lookup_secret", {"id": "codes", "text": {"id": 1050015, "text": "abcd1234", "type": "info"}})
BUTTON = Node("input", "totp", {"name": "method", "type": "submit", "value": "totp"})


def form() -> Flow:
    now = MovableClock().now()
    ui = Ui("http://127.0.0.1:4433/self-service/settings", (CODES, BUTTON))
    state = FlowState.SHOW_FORM
    return Flow(uuid4(), FlowKind.SETTINGS, FlowType.API, state, "", ui, "", now, now, identity_id=uuid4())


def test_the_stored_form_says_nothing_and_its_owner_sees_all() -> None:
    flow = Veil([OLD]).drawn(form())
    assert "abcd1234" not in str((ui_json(flow.ui), flow.internal))
    assert "abcd1234" in str(flow_json(flow))
    assert [node.name for node in read_ui(ui_json(flow.ui)).nodes] == ["codes", "method"]


def test_templates_see_no_secrets() -> None:
    assert "abcd1234" not in str(flow_json(Veil([OLD]).drawn(form()), reveals_csrf=False))


def test_an_older_key_opens() -> None:
    drawn = Veil([OLD]).remembering(Veil([OLD]).drawn(form()), {"secret": "x"})
    both = Veil([NEW, OLD])
    assert both.lifted(drawn).secret_nodes == {"codes": CODES}
    assert both.memory_of(drawn) == {"secret": "x"}
    with pytest.raises(SecretMissing):
        Veil([NEW]).lifted(drawn)


def test_what_is_sealed_cannot_be_moved_to_somebody_else() -> None:
    mine, other = Veil([OLD]).drawn(form()), form()
    moved = Flow(**{**{name: getattr(other, name) for name in Flow.__slots__}, "internal": mine.internal})
    with pytest.raises(Tampered):
        Veil([OLD]).lifted(moved)


def test_a_form_that_tells_nothing_has_nothing_to_hide() -> None:
    veil = Veil([OLD])
    flow = form().with_ui(nodes=[BUTTON])
    assert veil.drawn(flow) is flow
    assert veil.lifted(flow).secret_nodes == {}
    assert veil.memory_of(flow) == {}
