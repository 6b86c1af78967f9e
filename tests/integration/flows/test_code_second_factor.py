"""A code as second factor, on both databases: sent at once or on request, to one's own addresses, used once."""

import asyncio
from dataclasses import replace

import pytest

from doorward.config.model import Config, SecurityConfig
from doorward.config.model_flows import MethodConfig
from doorward.errors import InvalidInput
from doorward.flows.answers import Done
from doorward.flows.errors import TooManyAttempts
from doorward.flows.model import FlowKind, FlowState, FlowType
from doorward.identities.store import find_identity
from doorward.storage.contract import Transaction
from flows_house import House, MakeHouse, configuration
from proof_house import letters, other_than, said, shown
from settings_house import Person, person

ADA, GRACE = "ada@example.org", "grace@example.org"


def with_codes(**settings: object) -> Config:
    config = configuration("session")
    code = MethodConfig(enabled=True, mfa_enabled=True, config=settings)
    methods = {**config.selfservice.methods, "code": code}
    return replace(config, selfservice=replace(config.selfservice, methods=methods))


async def signed_in(house: House, email: str, type_: FlowType = FlowType.API) -> Person:
    """Somebody at the first level, about to show more."""
    ada = await person(house, email, type_)
    return Person(house, FlowKind.LOGIN, ada.client, ada.issued)


async def house_of(make_house: MakeHouse) -> House:
    return await make_house(with_codes())


async def code_for(house: House) -> str:
    """The newest code that was sent."""
    return (await letters(house))[-1].code


async def is_verified(house: House, ada: Person) -> bool:
    found = await find_identity(house.database.reader, ada.issued.session.identity_id)
    assert found is not None
    return found.verifiable_addresses[0].verified


@pytest.mark.parametrize("type_", FlowType)
async def test_one_address_and_nothing_else_gets_its_code_with_the_form(make_house: MakeHouse, type_: FlowType) -> None:
    house = await house_of(make_house)
    ada = await signed_in(house, ADA, type_)
    flow = await ada.start(aal="aal2")
    assert (flow.state, flow.active, flow.ui.messages[0].id) == (FlowState.SENT_EMAIL, "code", 1010025)
    assert [letter.recipient for letter in await letters(house)] == [ADA]
    assert not await is_verified(house, ada)
    assert isinstance(await ada.submit(flow, method="code", code=await code_for(house)), Done)
    session = await ada.look()
    assert (session.aal, [each.method for each in session.methods]) == ("aal2", ["password", "code"])
    assert await is_verified(house, ada)


async def test_the_code_and_its_form_are_stored_together_or_not_at_all(make_house: MakeHouse) -> None:
    house = await house_of(make_house)
    ada = await signed_in(house, ADA)
    before = await house.count("flows")
    await ada.start(aal="aal2")
    assert (await house.count("flows"), await house.count("one_time_codes")) == (before + 1, 1)


async def test_an_address_of_somebody_else_gets_nothing_and_is_answered_like_an_unknown_one(
    make_house: MakeHouse,
) -> None:
    house = await house_of(make_house)
    await signed_in(house, GRACE)
    ada = await signed_in(house, ADA)
    flow = await ada.start(aal="aal2")
    sent = len(await letters(house))
    for stranger in (GRACE, "nobody@example.org"):
        answer = await ada.submit(flow, method="code", identifier=stranger, resend="code")
        assert said(answer) == [4000035]
    assert len(await letters(house)) == sent


async def test_a_code_raises_the_session_that_it_was_sent_for_only(make_house: MakeHouse) -> None:
    house = await house_of(make_house)
    ada, grace = await signed_in(house, ADA), await signed_in(house, GRACE)
    flow = await ada.start(aal="aal2")
    code = await code_for(house)
    assert said(await grace.submit(flow, method="code", code=code)) == [4010008]
    assert isinstance(await ada.submit(flow, method="code", code=code), Done)


async def test_of_two_at_the_same_moment_one_passes(make_house: MakeHouse) -> None:
    house = await house_of(make_house)
    ada = await signed_in(house, ADA)
    flow = await ada.start(aal="aal2")
    code = await code_for(house)
    answers = await asyncio.gather(*(ada.submit(flow, method="code", code=code) for _ in range(4)))
    assert sum(isinstance(each, Done) for each in answers) == 1


async def test_a_new_code_ends_the_one_before(make_house: MakeHouse) -> None:
    house = await house_of(make_house)
    ada = await signed_in(house, ADA)
    flow = await ada.start(aal="aal2")
    first = await code_for(house)
    answer = await ada.submit(flow, method="code", resend="code")
    assert shown(answer).state is FlowState.CHOOSE_METHOD
    answer = await ada.submit(flow, method="code", identifier=ADA, resend="code")
    assert shown(answer).state is FlowState.SENT_EMAIL
    second = await code_for(house)
    if first != second:
        assert said(await ada.submit(flow, method="code", code=first)) == [4010008]
    assert isinstance(await ada.submit(flow, method="code", code=second), Done)


async def test_via_names_the_trait_whose_address_it_is(make_house: MakeHouse) -> None:
    house = await house_of(make_house)
    ada = await signed_in(house, ADA)
    assert (await ada.start(aal="aal2", via="email")).state is FlowState.SENT_EMAIL
    with pytest.raises(InvalidInput):
        await ada.start(aal="aal2", via="name.first")


async def without_code_credential(house: House, ada: Person) -> None:
    """As people are whose schema names no identifier for codes."""

    async def forget(tx: Transaction) -> None:
        await tx.execute(
            "DELETE FROM credentials WHERE identity_id = :id AND type = 'code'",
            {"id": ada.issued.session.identity_id},
        )

    await house.database.transaction(forget)


async def test_whoever_has_no_code_credential_is_offered_what_can_be_verified(make_house: MakeHouse) -> None:
    house = await make_house(with_codes(missing_credential_fallback_enabled=True))
    ada = await signed_in(house, ADA)
    await without_code_credential(house, ada)
    flow = await ada.start(aal="aal2")
    assert flow.state is FlowState.SENT_EMAIL
    assert isinstance(await ada.submit(flow, method="code", code=await code_for(house)), Done)
    again = await ada.start(aal="aal2", refresh="true")
    assert said(await ada.submit(again, method="code", identifier=GRACE, resend="code")) == [4000035]


async def test_without_the_fallback_they_are_offered_nothing_even_by_the_name_of_a_trait(make_house: MakeHouse) -> None:
    house = await house_of(make_house)
    ada = await signed_in(house, ADA)
    await without_code_credential(house, ada)
    for query in ({}, {"via": "email"}):
        flow = await ada.start(aal="aal2", **query)
        assert flow.state is FlowState.CHOOSE_METHOD
        assert "address" not in {node.name for node in flow.ui.nodes}
    with pytest.raises(InvalidInput):
        await ada.start(aal="aal2", via="name.first")


async def test_guesses_are_few_and_new_forms_buy_no_more_of_them(make_house: MakeHouse) -> None:
    config = with_codes()
    throttling = replace(config.security.throttling, enabled=True, per_person_and_network=7)
    security: SecurityConfig = replace(config.security, throttling=throttling)
    house = await make_house(replace(config, security=security))
    ada = await signed_in(house, ADA)
    flow = await ada.start(aal="aal2")
    wrong = other_than(await code_for(house))
    answers = [said(await ada.submit(flow, method="code", code=wrong)) for _ in range(6)]
    assert answers == [[4010008]] * 5 + [[4000001]]
    again = await ada.start(aal="aal2")
    wrong = other_than(await code_for(house))
    assert said(await ada.submit(again, method="code", code=wrong)) == [4010008]
    with pytest.raises(TooManyAttempts):
        await ada.submit(again, method="code", code=wrong)


async def test_it_is_no_first_factor(make_house: MakeHouse) -> None:
    house = await house_of(make_house)
    await signed_in(house, ADA)
    stranger = await signed_in(house, GRACE)
    stranger.client.session = None
    flow = await stranger.start()
    assert said(await stranger.submit(flow, method="code", identifier=ADA)) == [4010002]
    assert await letters(house) == []
