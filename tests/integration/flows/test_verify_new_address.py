"""A change that brings a new address waits until that is proved, on both databases."""

from dataclasses import replace

import pytest

from doorward.config.model import Config
from doorward.config.model_flows import AfterConfig, AfterMethodConfig, HookConfig
from doorward.flows.answers import Answer, Done, Shown, Why
from doorward.flows.errors import FailedAfterwards
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType
from doorward.hooks.notify_previous_addresses import notify_previous_addresses
from doorward.hooks.verify_new_address import VerifyNewAddress
from doorward.identities.events import EventKind
from doorward.outbox.states import State
from flows_house import House, MakeHouse, configuration
from proof_house import Proving, letters, other_than, said, shown, texting
from settings_house import Person, person, settled

OLD, NEW, OTHER = "ada@example.org", "ada@example.com", "ada@example.net"
PHONE = "+4915112345678"


def guarded(*hooks: str) -> Config:
    """Settings whose profile has these hooks."""
    entries = tuple(HookConfig(hook=name, path=f"profile.hooks.{name}") for name in hooks)
    after = AfterConfig(methods={"profile": AfterMethodConfig(hooks=entries)})
    return settled(configuration("session", is_verified=True), after=after)


async def housed(make_house: MakeHouse, *hooks: str, phones: bool = False) -> House:
    config = guarded("verify_new_address", *hooks)
    house = await make_house(texting(config) if phones else config)
    house.hooks.by_name["verify_new_address"] = VerifyNewAddress()
    house.hooks.by_name["notify_previous_addresses"] = notify_previous_addresses({}, "profile.hooks")
    return house


async def asks(ada: Person, address: str, **traits: object) -> tuple[Flow, Answer]:
    flow = await ada.start()
    return flow, await ada.save(flow, method="profile", traits={"email": address, **traits})


def proof_of(ada: Person, answer: Answer) -> tuple[Proving, str]:
    """The verification that an answer leads to, and who does it."""
    assert isinstance(answer, Done)
    (item,) = answer.body["continue_with"]
    assert item["action"] == "show_verification_ui"
    return Proving(ada.house, FlowKind.VERIFICATION, ada.client), item["flow"]["id"]


async def proves(ada: Person, answer: Answer, code: str) -> Answer:
    proving, flow_id = proof_of(ada, answer)
    flow = shown(await ada.house.engine.fetch(FlowKind.VERIFICATION, flow_id, proving.request({})))
    return await proving.submit(flow, code=code)


async def last_code(house: House, to: str) -> str:
    return [each for each in await letters(house) if each.recipient == to][-1].code


async def test_nothing_is_changed_before_the_proof(make_house: MakeHouse) -> None:
    house = await housed(make_house)
    ada = await person(house, OLD)
    events = len(house.recorder.events)
    flow, answer = await asks(ada, NEW)
    assert isinstance(answer, Done)
    assert answer.flow.state is FlowState.SHOW_FORM
    assert (await ada.identity()).traits["email"] == OLD
    assert len(house.recorder.events) == events
    assert [each.template for each in await letters(house) if each.recipient == NEW] == ["verification_code_valid"]
    again = shown(await house.engine.fetch(FlowKind.SETTINGS, str(flow.id), ada.request({})))
    assert again.state is FlowState.SHOW_FORM


async def test_the_proof_carries_the_change_out_as_the_settings_own(make_house: MakeHouse) -> None:
    house = await housed(make_house)
    ada = await person(house, OLD)
    flow, answer = await asks(ada, NEW, news=True)
    proved = shown(await proves(ada, answer, await last_code(house, NEW)))
    assert proved.state is FlowState.PASSED_CHALLENGE
    identity = await ada.identity()
    assert identity.traits["email"] == NEW
    (address,) = identity.verifiable_addresses
    assert (address.value, address.verified, address.status) == (NEW, True, "completed")
    causes = [(each.kind, each.cause.flow_kind, each.cause.flow_id) for each in house.recorder.events[-2:]]
    assert causes == [
        (EventKind.ADDRESS_VERIFIED, "verification", proved.id),
        (EventKind.UPDATED, "settings", flow.id),
    ]
    context = house.recorder.events[-1].cause.context
    assert context["flow"]["id"] == str(flow.id)
    assert context["session"]["id"] == str(ada.issued.session.id)
    assert await house.count("pending_changes") == 0


async def test_consents_that_came_with_the_change_are_not_lost(make_house: MakeHouse) -> None:
    house = await housed(make_house)
    ada = await person(house, OLD)
    _, answer = await asks(ada, NEW, news=True)
    receipts = await house.count("consent_receipts")
    await proves(ada, answer, await last_code(house, NEW))
    assert await house.count("consent_receipts") == receipts + 1


async def test_a_wrong_code_changes_nothing(make_house: MakeHouse) -> None:
    house = await housed(make_house)
    ada = await person(house, OLD)
    _, answer = await asks(ada, NEW)
    assert said(await proves(ada, answer, other_than(await last_code(house, NEW)))) == [4070006]
    assert (await ada.identity()).traits["email"] == OLD


async def test_a_later_change_takes_the_place_of_one_that_waits(make_house: MakeHouse) -> None:
    house = await housed(make_house)
    ada = await person(house, OLD)
    _, first = await asks(ada, NEW)
    _, second = await asks(ada, OTHER)
    assert await house.count("pending_changes") == 1
    assert said(await proves(ada, first, await last_code(house, NEW))) == [4070006]
    await proves(ada, second, await last_code(house, OTHER))
    assert (await ada.identity()).traits["email"] == OTHER


async def test_an_address_of_somebody_else_is_refused_and_nobody_is_written_to(make_house: MakeHouse) -> None:
    house = await housed(make_house)
    await person(house, NEW)
    ada = await person(house, OLD)
    sent = len(await letters(house))
    _, answer = await asks(ada, NEW)
    assert said(answer) == [4000007]
    assert len(await letters(house)) == sent


async def test_an_address_that_somebody_else_took_meanwhile(make_house: MakeHouse) -> None:
    house = await housed(make_house)
    ada = await person(house, OLD)
    _, answer = await asks(ada, NEW)
    await person(house, NEW)
    codes = [each for each in await letters(house) if each.recipient == NEW]
    assert said(await proves(ada, answer, codes[0].code)) == [4000007]
    assert (await ada.identity()).traits["email"] == OLD


async def test_whoever_signed_out_meanwhile_changes_nothing(make_house: MakeHouse) -> None:
    house = await housed(make_house)
    ada = await person(house, OLD)
    _, answer = await asks(ada, NEW)
    await house.database.transaction(lambda tx: house.sessions.revoke(tx, [ada.issued.session.id]))
    assert said(await proves(ada, answer, await last_code(house, NEW))) == [4070006]
    assert (await ada.identity()).traits["email"] == OLD


async def test_a_change_that_another_one_overtook_is_refused(make_house: MakeHouse) -> None:
    house = await housed(make_house)
    ada = await person(house, OLD)
    _, answer = await asks(ada, NEW)
    await asks(ada, OLD, name={"first": "Ada"})
    for _ in range(2):
        refused = await proves(ada, answer, await last_code(house, NEW))
        assert isinstance(refused, Shown)
        assert (refused.why, said(refused)) == (Why.ADVANCED, [4070006])
    assert (await ada.identity()).traits == {"email": OLD, "name": {"first": "Ada"}}


async def test_the_previous_address_hears_of_it_when_it_happens(make_house: MakeHouse) -> None:
    house = await housed(make_house, "notify_previous_addresses")
    ada = await person(house, OLD)
    _, answer = await asks(ada, NEW)
    assert "verifiable_address_changed" not in {each.template for each in await letters(house)}
    await proves(ada, answer, await last_code(house, NEW))
    assert [each.recipient for each in await letters(house) if each.template == "verifiable_address_changed"] == [OLD]


async def test_in_the_context_stands_the_person_with_the_new_address(make_house: MakeHouse) -> None:
    house = await housed(make_house)
    ada = await person(house, OLD)
    _, answer = await asks(ada, NEW)
    await proves(ada, answer, await last_code(house, NEW))
    context = house.recorder.events[-1].cause.context
    for seen in (context["session"]["identity"], context["flow"]["identity"]):
        assert seen["traits"]["email"] == NEW
        (address,) = seen["verifiable_addresses"]
        assert (address["value"], address["verified"]) == (NEW, True)


@pytest.mark.parametrize("type_", list(FlowType))
async def test_several_new_addresses_at_once_are_too_many(make_house: MakeHouse, type_: FlowType) -> None:
    house = await housed(make_house, phones=True)
    ada = await person(house, OLD, type_, phone=PHONE)
    sent = len(await letters(house))
    _, answer = await asks(ada, NEW, phone="+4915112345679")
    assert isinstance(answer, Shown)
    assert (answer.why, said(answer)) == (Why.ADVANCED, [4050002])
    assert (await ada.identity()).traits["email"] == OLD
    assert (len(await letters(house)), await house.count("pending_changes")) == (sent, 0)


async def test_other_addresses_that_wait_for_a_message_get_one_then(make_house: MakeHouse) -> None:
    house = await housed(make_house, phones=True)
    ada = await person(house, OLD, phone=PHONE)
    _, answer = await asks(ada, NEW, phone=PHONE)
    assert PHONE not in {each.recipient for each in await letters(house)}
    await proves(ada, answer, await last_code(house, NEW))
    assert [each.recipient for each in await letters(house)][-1] == PHONE
    statuses = {each.value: each.status for each in (await ada.identity()).verifiable_addresses}
    assert statuses == {NEW: "completed", PHONE: "sent"}


async def test_a_failing_target_afterwards_leaves_the_change_stored(make_house: MakeHouse) -> None:
    house = await housed(make_house)
    ada = await person(house, OLD)
    _, answer = await asks(ada, NEW)
    waits = ada.issued.session.id
    house.recorder.awaited, house.waiter.states = (waits,), {waits: State.DEAD}
    with pytest.raises(FailedAfterwards):
        await proves(ada, answer, await last_code(house, NEW))
    assert (await ada.identity()).traits["email"] == NEW


async def test_a_code_for_another_address_confirms_nothing(make_house: MakeHouse) -> None:
    house = await housed(make_house)
    ada = await person(house, OLD)
    _, answer = await asks(ada, NEW)
    proving, flow_id = proof_of(ada, answer)
    flow = shown(await house.engine.fetch(FlowKind.VERIFICATION, flow_id, proving.request({})))
    flow = shown(await proving.submit(flow, email=OLD))
    proved = shown(await proving.submit(flow, code=await last_code(house, OLD)))
    assert proved.state is FlowState.PASSED_CHALLENGE
    identity = await ada.identity()
    assert [(each.value, each.verified) for each in identity.verifiable_addresses] == [(OLD, True)]
    assert await house.count("pending_changes") == 1


async def test_the_code_is_sent_again_on_request(make_house: MakeHouse) -> None:
    house = await housed(make_house)
    ada = await person(house, OLD)
    _, answer = await asks(ada, NEW)
    proving, flow_id = proof_of(ada, answer)
    flow = shown(await house.engine.fetch(FlowKind.VERIFICATION, flow_id, proving.request({})))
    flow = shown(await proving.submit(flow, email=NEW))
    await proving.submit(flow, code=await last_code(house, NEW))
    assert len([each for each in await letters(house) if each.recipient == NEW]) == 2
    assert (await ada.identity()).traits["email"] == NEW


async def test_a_browser_is_sent_to_type_the_code(make_house: MakeHouse) -> None:
    house = await housed(make_house)
    ada = await person(house, OLD, FlowType.BROWSER)
    _, answer = await asks(ada, NEW)
    assert isinstance(answer, Done)
    _, flow_id = proof_of(ada, answer)
    assert answer.location.endswith(f"/verification?flow={flow_id}")
    assert answer.body["continue_with"][0]["flow"]["url"] == answer.location
    assert answer.cookie is None


async def test_what_waits_is_sealed(make_house: MakeHouse) -> None:
    house = await housed(make_house)
    ada = await person(house, OLD)
    await asks(ada, NEW)
    row = await house.database.reader.fetch_one("SELECT * FROM pending_changes")
    assert row is not None
    assert NEW.encode() not in bytes(row["payload"])


async def test_it_works_where_verification_is_switched_off_but_cannot_be_finished(make_house: MakeHouse) -> None:
    config = guarded("verify_new_address")
    flows = config.selfservice.flows
    off = replace(flows, verification=replace(flows.verification, enabled=False))
    house = await make_house(replace(config, selfservice=replace(config.selfservice, flows=off)))
    house.hooks.by_name["verify_new_address"] = VerifyNewAddress()
    ada = await person(house, OLD)
    _, answer = await asks(ada, NEW)
    proof_of(ada, answer)
    assert (await ada.identity()).traits["email"] == OLD
