"""Recovery where people say to which of their addresses the code goes."""

from uuid import UUID

from doorward.config.model import FeatureFlagsConfig
from doorward.flows.answers import Done
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType
from doorward.flows.recovery_form import choice_of
from doorward.storage.contract import Transaction
from flows_house import House, MakeHouse, messages
from proof_house import letters, person, proving, said, shown

ADA, BACKUP, NOBODY = "ada@example.org", "backup@example.org", "nobody@example.org"
KIND = FlowKind.RECOVERY
CHOOSING = proving(flags=FeatureFlagsConfig(choose_recovery_address=True, use_continue_with_transitions=True))


async def with_two_addresses(house: House) -> None:
    done = await house.client(FlowType.API).sign_up(ADA)
    row = {"id": UUID(int=7), "identity": UUID(done.body["identity"]["id"]), "value": BACKUP, "at": house.clock.now()}

    async def add(tx: Transaction) -> None:
        await tx.execute(
            """
            INSERT INTO recovery_addresses (id, identity_id, via, value, created_at, updated_at)
            VALUES (:id, :identity, 'email', :value, :at, :at)
            """,
            row,
        )

    await house.database.transaction(add)


def names(flow: Flow) -> list[str]:
    return [node.name for node in flow.ui.nodes]


async def test_the_code_goes_to_the_address_that_was_chosen_and_typed(make_house: MakeHouse) -> None:
    house = await make_house(CHOOSING)
    await with_two_addresses(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), recovery_address=ADA))
    assert flow.state is FlowState.AWAITING_CHOICE
    flow = shown(await ada.submit(flow, recovery_address=ADA, recovery_select_address=choice_of(BACKUP)))
    assert flow.state is FlowState.CONFIRMING_ADDRESS
    assert BACKUP not in str(flow.ui)
    flow = shown(await ada.submit(flow, recovery_address=ADA, recovery_confirm_address=BACKUP))
    assert flow.state is FlowState.AWAITING_CODE
    letter = (await letters(house))[-1]
    assert letter.recipient == BACKUP
    assert isinstance(await ada.submit(flow, code=letter.code), Done)


async def test_an_address_of_somebody_else_gets_nothing(make_house: MakeHouse) -> None:
    house = await make_house(CHOOSING)
    await with_two_addresses(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), recovery_address=ADA))
    flow = shown(await ada.submit(flow, recovery_address=ADA, recovery_select_address=choice_of(BACKUP)))
    before = len(await letters(house))
    answer = await ada.submit(flow, recovery_address=ADA, recovery_confirm_address=NOBODY)
    assert said(answer) == [1060004]
    assert len(await letters(house)) == before


async def test_an_unknown_address_looks_like_the_only_one(make_house: MakeHouse) -> None:
    house = await make_house(CHOOSING)
    await house.client(FlowType.API).sign_up(ADA)
    before = len(await letters(house))
    known, unknown = person(house, KIND), person(house, KIND)
    for_ada = shown(await known.submit(await known.start(), recovery_address=ADA))
    for_nobody = shown(await unknown.submit(await unknown.start(), recovery_address=NOBODY))
    assert for_ada.state is for_nobody.state is FlowState.AWAITING_CODE
    assert names(for_ada) == names(for_nobody)
    assert [letter.recipient for letter in (await letters(house))[before:]] == [ADA]


async def test_a_choice_that_was_not_offered(make_house: MakeHouse) -> None:
    house = await make_house(CHOOSING)
    await with_two_addresses(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), recovery_address=ADA))
    assert said(await ada.submit(flow, recovery_address=ADA, recovery_select_address=choice_of(NOBODY))) == [4000001]


async def test_back_leads_to_the_choice_and_then_to_the_start(make_house: MakeHouse) -> None:
    house = await make_house(CHOOSING)
    await with_two_addresses(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), recovery_address=ADA))
    flow = shown(await ada.submit(flow, recovery_address=ADA, recovery_select_address=choice_of(BACKUP)))
    flow = shown(await ada.submit(flow, recovery_address=ADA, screen="previous"))
    assert flow.state is FlowState.AWAITING_CHOICE
    flow = shown(await ada.submit(flow, recovery_address=ADA, screen="previous"))
    assert flow.state is FlowState.AWAITING_ADDRESS


async def test_whoever_confirms_an_address_need_not_say_again_what_was_typed_first(make_house: MakeHouse) -> None:
    house = await make_house(CHOOSING)
    await with_two_addresses(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), recovery_address=ADA))
    flow = shown(await ada.submit(flow, recovery_address=ADA, recovery_select_address=choice_of(BACKUP)))
    flow = shown(await ada.submit(flow, recovery_confirm_address=BACKUP))
    assert flow.state is FlowState.AWAITING_CODE
    assert (await letters(house))[-1].recipient == BACKUP


async def test_what_is_missing_is_told_beside_the_field_of_the_step(make_house: MakeHouse) -> None:
    house = await make_house(CHOOSING)
    await with_two_addresses(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), recovery_address=ADA))
    first, *others = [node for node in shown(await ada.submit(flow)).ui.nodes if node.name == "recovery_select_address"]
    assert [message.id for message in first.messages] == [4000002]
    assert not any(node.messages for node in others)
    flow = shown(await ada.submit(flow, recovery_address=ADA, recovery_select_address=choice_of(BACKUP)))
    assert messages(await ada.submit(flow, recovery_address=ADA)) == {"recovery_confirm_address": [4000002]}
    assert shown(await ada.submit(flow, screen="previous")).state is FlowState.AWAITING_ADDRESS
