"""Changing one's own account, on both databases: what is stored, who may, what a form says."""

from dataclasses import replace
from uuid import uuid4

import pytest

from doorward.flows.answers import Done
from doorward.flows.errors import (
    FlowNotFound,
    SecurityCsrfViolation,
    SecurityIdentityMismatch,
    SessionInactive,
    SessionMissing,
    UnreadableSubmission,
)
from doorward.flows.model import FlowKind, FlowState, FlowType
from doorward.identities.events import EventKind
from doorward.identities.store import list_receipts
from doorward.security.tokens import new_csrf_token
from flows_house import UI, MakeHouse, configuration
from proof_house import letters, said, shown
from settings_house import node, on, person, settled


async def test_traits_are_replaced_as_a_whole(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org", name={"first": "Ada"})
    flow = await ada.start()
    assert node(flow, "traits.name.first").attributes["value"] == "Ada"
    answer = await ada.save(flow, method="profile", traits={"email": "ada@example.org", "news": False})
    assert isinstance(answer, Done)
    assert (await ada.identity()).traits == {"email": "ada@example.org", "name": {}, "news": False}
    assert answer.body["state"] == "success"
    assert answer.body["identity"]["traits"]["news"] is False
    assert [each["id"] for each in answer.body["ui"]["messages"]] == [1050001]
    event = house.recorder.events[-1]
    assert (event.kind, event.cause.flow_kind, event.cause.method) == (EventKind.UPDATED, "settings", "profile")


async def test_a_form_that_succeeded_leads_to_a_new_one(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org")
    flow = await ada.start()
    answer = await ada.save(flow, method="profile", traits={"email": "ada@example.org"})
    assert isinstance(answer, Done)
    assert answer.flow.id == flow.id
    next_id = answer.flow.ui.action.rpartition("=")[2]
    assert next_id != str(flow.id)
    again = shown(await house.engine.fetch(FlowKind.SETTINGS, next_id, ada.request({})))
    assert again.state is FlowState.SHOW_FORM
    kept = shown(await house.engine.fetch(FlowKind.SETTINGS, str(flow.id), ada.request({})))
    assert (kept.state, kept.ui.action) == (FlowState.SUCCESS, answer.flow.ui.action)


async def test_a_browser_goes_where_it_wanted(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org", FlowType.BROWSER)
    plain, asked = await ada.start(), await ada.start(return_to=f"{UI}/done")
    for flow, location in ((plain, f"{UI}/settings?flow={plain.id}"), (asked, f"{UI}/done")):
        answer = await ada.save(flow, method="profile", traits={"email": "ada@example.org"})
        assert isinstance(answer, Done)
        assert answer.location == location
        assert answer.cookie is not None
        assert answer.body["continue_with"] == [{"action": "redirect_browser_to", "redirect_browser_to": location}]


async def test_nobody_else_sees_or_changes_it(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada, bob = await person(house, "ada@example.org"), await person(house, "bob@example.org")
    flow = await ada.start()
    for call in (
        house.engine.fetch(FlowKind.SETTINGS, str(flow.id), bob.request({})),
        bob.save(flow, method="profile"),
    ):
        with pytest.raises(SecurityIdentityMismatch):
            await call
    bob.client.session = None
    for call in (
        house.engine.fetch(FlowKind.SETTINGS, str(flow.id), bob.request({})),
        bob.save(flow, method="profile"),
    ):
        with pytest.raises(SessionMissing):
            await call
    with pytest.raises(SessionInactive):
        await bob.start()
    for call in (
        house.engine.fetch(FlowKind.SETTINGS, str(uuid4()), bob.request({})),
        bob.save(replace(flow, id=uuid4()), method="profile"),
    ):
        with pytest.raises(SessionMissing):
            await call
    with pytest.raises(FlowNotFound):
        await ada.save(replace(flow, id=uuid4()), method="profile")


async def test_a_browser_needs_the_token_of_its_form(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org", FlowType.BROWSER)
    flow = await ada.start()
    with pytest.raises(SecurityCsrfViolation):
        await ada.save(flow, method="profile", traits={"email": "ada@example.org"}, csrf_token="x")
    assert (await ada.identity()).traits["email"] == "ada@example.org"


async def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_stored(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    await person(house, "bob@example.org")
    ada = await person(house, "ada@example.org", name={"first": "Ada"})
    before, flow = await ada.identity(), await ada.start()
    assert on(await ada.save(flow, method="profile", traits={"name": {"first": "A"}}), "traits.email") == [4000002]
    assert on(await ada.save(flow, method="password", password=""), "password") == [4000002]
    assert on(await ada.save(flow, method="password", password="short"), "password") == [4000032]
    assert said(await ada.save(flow, method="other")) == [4010004]
    taken = await ada.save(flow, method="profile", traits={"email": "bob@example.org"})
    assert said(taken) == [4000007]
    assert node(shown(taken), "traits.email").attributes["value"] == "bob@example.org"
    with pytest.raises(UnreadableSubmission):
        await ada.save(flow, method="profile", traits=["x"])
    assert await ada.identity() == before


async def test_another_password_signs_in(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org")
    flow = await ada.start()
    assert on(await ada.save(flow, method="password", password="correct-horse-9-battery"), "password") == [4000039]
    assert isinstance(await ada.save(flow, method="password", password="staple-7-paperclip"), Done)
    assert said(await ada.sign_in_again()) == [4000006]


async def test_only_answers_that_changed_become_receipts(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org", news=True)
    reader, me = house.database.reader, (await ada.identity()).id
    assert [each.granted for each in await list_receipts(reader, me)] == [True]
    flow = await ada.start()
    for news, granted in ((True, [True]), (False, [True, False]), (False, [True, False]), (True, [True, False, True])):
        saved = await ada.save(flow, method="profile", traits={"email": "ada@example.org", "news": news})
        assert isinstance(saved, Done)
        assert [each.granted for each in await list_receipts(reader, me)] == granted
    newest = (await list_receipts(reader, me))[-1]
    assert (newest.source, newest.text, newest.version, newest.flow_id) == (
        "flow",
        "Send me news by mail.",
        "3",
        flow.id,
    )
    kinds = [each.kind for each in house.recorder.events]
    assert kinds.count(EventKind.CONSENT_CHANGED) == 2
    assert all(
        kinds[place + 1] is EventKind.UPDATED for place, kind in enumerate(kinds) if kind is EventKind.CONSENT_CHANGED
    )


async def test_a_new_address_gets_a_code(make_house: MakeHouse) -> None:
    house = await make_house(settled(configuration("session", is_verified=True)))
    ada = await person(house, "ada@example.org")
    answer = await ada.save(await ada.start(), method="profile", traits={"email": "new@example.org"})
    assert isinstance(answer, Done)
    sent = await letters(house)
    assert [each.recipient for each in sent] == ["ada@example.org", "new@example.org"]
    (address,) = (await ada.identity()).verifiable_addresses
    assert (address.value, address.verified, address.status) == ("new@example.org", False, "sent")
    assert answer.body["identity"]["verifiable_addresses"][0]["status"] == "sent"
    await ada.save(await ada.start(), method="profile", traits={"email": "new@example.org"})
    assert len(await letters(house)) == 2


async def test_a_link_changes_nothing(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org", FlowType.BROWSER)
    flow = await ada.start()
    answer = await ada.follow(flow, method="profile", **{"traits.email": "new@example.org"})
    assert said(answer) == [4010004]
    assert (await ada.identity()).traits["email"] == "ada@example.org"


async def test_another_browser_of_the_owner_sees_the_form_and_cannot_send_it(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org", FlowType.BROWSER)
    flow = await ada.start()
    token, ada.client.csrf = ada.client.csrf, new_csrf_token()
    seen = await house.engine.fetch(FlowKind.SETTINGS, str(flow.id), ada.request({}))
    assert seen.flow.id == flow.id
    with pytest.raises(SecurityCsrfViolation):
        await ada.save(flow, method="profile", traits={"email": "ada@example.org"}, csrf_token=token)


async def test_a_payload_has_to_be_an_object(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org")
    flow = await ada.start()
    fields: list[dict[str, object]] = [
        {"method": "password", "password": "staple-7-paperclip"},
        {"method": "profile", "traits": {"email": "ada@example.org"}},
        {"lookup_secret_regenerate": True},
    ]
    for body in fields:
        answer = await ada.save(flow, **body, transient_payload=[1])
        assert on(answer, "transient_payload") == [4000026]
    with pytest.raises(UnreadableSubmission):
        await ada.save(flow, **fields[0], transient_payload="{")
    assert isinstance(await ada.sign_in_again(), Done)
