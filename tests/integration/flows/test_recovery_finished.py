"""Recovery forms that are done with, and those of which nobody can tell what is wanted, on both databases."""

from dataclasses import replace

import pytest

from doorward.config.model_flows import MethodConfig
from doorward.errors import NotFound
from doorward.flows.answers import Done, MovedOn, Navigate, Reread
from doorward.flows.errors import SessionAlreadyAvailable
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType
from flows_house import House, MakeHouse
from proof_house import Proving, letters, other_than, person, proving, said, shown
from settings_house import person as signed_in

ADA = "ada@example.org"
KIND = FlowKind.RECOVERY


async def recovered(house: House) -> tuple[Proving, Flow, str]:
    """Somebody who is back in, the form that they used, and its code."""
    await house.client(FlowType.API).sign_up(ADA)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    code = (await letters(house))[-1].code
    assert isinstance(await ada.submit(flow, code=code), Done | Navigate)
    return ada, flow, code


async def test_the_code_that_was_right_ends_the_form_and_a_wrong_one_does_not(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    ada, flow, code = await recovered(house)
    wrong = await ada.submit(flow, code=other_than(code))
    assert (shown(wrong).id, shown(wrong).state, said(wrong)) == (flow.id, FlowState.PASSED_CHALLENGE, [4060006])
    again = await ada.submit(flow, code=code)
    assert isinstance(again, Reread)
    assert again.flow.id != flow.id
    assert [message.id for message in again.flow.ui.messages] == [4000001]


async def test_an_address_in_a_form_that_is_done_with(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    ada, flow, _code = await recovered(house)
    again = await ada.submit(flow, email=ADA)
    assert isinstance(again, Reread)
    assert [message.id for message in again.flow.ui.messages] == [4060001]
    bob = await signed_in(house, "bob@example.org")
    ada.client.session = bob.client.session
    with pytest.raises(SessionAlreadyAvailable):
        await ada.submit(flow, email=ADA)
    ada.client.is_json = False
    assert isinstance(await ada.submit(flow, email=ADA), MovedOn)
    with pytest.raises(SessionAlreadyAvailable):
        await ada.start()


async def test_a_form_of_codes_ends_when_nobody_can_tell_what_is_wanted(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    ada = person(house, KIND)
    flow = await ada.start()
    answer = await ada.submit(flow, method="pigeon", email=ADA)
    assert (shown(answer).active, said(answer)) == ("default", [4010005])
    answer = await ada.submit(flow, method="code", email=ADA)
    assert (shown(answer).active, said(answer)) == ("default", [4010005])
    assert await letters(house) == []


async def test_a_form_of_links_goes_on(make_house: MakeHouse) -> None:
    house = await make_house(proving("link"))
    ada = person(house, KIND)
    flow = await ada.start()
    answer = await ada.submit(flow, method="pigeon", email=ADA)
    assert (shown(answer).active, said(answer)) == ("default", [4010005])
    answer = await ada.submit(flow, method="link", email=ADA)
    assert (shown(answer).active, said(answer)) == ("link", [1060002])


async def test_links_that_are_switched_off_are_not_there(make_house: MakeHouse) -> None:
    config = proving()
    off = MethodConfig(enabled=False)
    methods = {**config.selfservice.methods, "link": off}
    house = await make_house(replace(config, selfservice=replace(config.selfservice, methods=methods)))
    ada = person(house, KIND)
    flow = await ada.start()
    with pytest.raises(NotFound):
        await ada.submit(flow, method="link", email=ADA)
    assert said(await ada.submit(flow, email=ADA)) == [1060003]


async def test_a_form_of_codes_is_not_followed(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    ada = person(house, KIND, FlowType.BROWSER)
    flow = await ada.start()
    assert said(await ada.follow(flow, email=ADA)) == [4000001]
    assert said(await ada.submit(flow, email=ADA)) == [1060003]


@pytest.mark.parametrize("type_", FlowType)
async def test_a_form_of_links_that_is_done_with_goes_by_who_began_it(make_house: MakeHouse, type_: FlowType) -> None:
    house = await make_house(proving("link"))
    await house.client(FlowType.API).sign_up(ADA)
    ada = person(house, KIND, type_)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    assert isinstance(await ada.follow(flow, token=(await letters(house))[-1].token), Navigate)
    over = await ada.submit(flow, email=ADA)
    assert isinstance(over, Reread)
    assert [message.id for message in over.flow.ui.messages] == [4060001]
    assert (over.is_plain, over.goes_by_type, over.problem) == (type_ is FlowType.BROWSER, True, None)
