"""Proving an address by code and by link, on both databases."""

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from doorward.config.model import Config, FeatureFlagsConfig
from doorward.config.model_flows import AfterConfig, HookConfig
from doorward.flows.answers import Reread
from doorward.flows.contract import Detour, HookContext, Proceed, Veto, Wish
from doorward.flows.errors import FailedAfterwards, SecurityCsrfViolation, SelfServiceFlowReplaced, WebHookFailed
from doorward.flows.form import FormProblem
from doorward.flows.messages import Message
from doorward.flows.model import FlowKind, FlowState, FlowType
from doorward.identities.events import EventKind
from doorward.identities.store import find_identity
from flows_house import House, MakeHouse, messages
from proof_house import letters, other_than, person, proving, said, shown, texting

ADA, NOBODY, PHONE = "ada@example.org", "nobody@example.org", "+4915112345678"
KIND = FlowKind.VERIFICATION


async def signed_up(house: House) -> UUID:
    done = await house.client(FlowType.API).sign_up(ADA)
    return UUID(done.body["identity"]["id"])


async def is_verified(house: House, identity_id: UUID) -> bool:
    identity = await find_identity(house.database.reader, identity_id)
    assert identity is not None
    return identity.verifiable_addresses[0].verified


async def test_a_sign_up_brings_a_code_and_the_code_verifies(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    identity_id = await signed_up(house)
    (letter,) = await letters(house)
    assert (letter.template, letter.recipient) == ("verification_code_valid", ADA)
    rows = await house.database.reader.fetch_all("SELECT id FROM flows WHERE kind = 'verification'")
    ada = person(house, KIND)
    fetched = await house.engine.fetch(KIND, str(rows[0]["id"]), ada.request({}))
    answer = await ada.submit(fetched.flow, code=letter.code)
    assert said(answer) == [1080002]
    assert shown(answer).state is FlowState.PASSED_CHALLENGE
    assert await is_verified(house, identity_id)
    assert [event.kind for event in house.recorder.events][-1] is EventKind.ADDRESS_VERIFIED


async def test_no_code_without_the_account_and_no_account_without_the_code(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    await signed_up(house)
    again = await house.client(FlowType.API).submit(
        await house.client(FlowType.API).start(),
        {"method": "password", "password": "correct-horse-9-battery", "traits": {"email": ADA}},
    )
    assert said(again) == [4000007]
    assert len(await letters(house)) == 1
    assert await house.count("one_time_codes") == 1


async def test_a_wrong_code_counts_and_too_many_bring_a_new_form(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    identity_id = await signed_up(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    code = (await letters(house))[-1].code
    for _ in range(5):
        assert said(await ada.submit(flow, code=other_than(code))) == [4070006]
    answer = await ada.submit(flow, code=code)
    assert isinstance(answer, Reread)
    assert isinstance(answer.problem, SelfServiceFlowReplaced)
    assert answer.problem.use_flow_id == answer.flow.id != flow.id
    assert not await is_verified(house, identity_id)


async def test_of_two_submits_at_once_one_verifies(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    await signed_up(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    code = (await letters(house))[-1].code
    before = len(house.recorder.events)
    both = await asyncio.gather(ada.submit(flow, code=code), ada.submit(flow, code=code), return_exceptions=True)
    passed = [each for each in both if not isinstance(each, BaseException)]
    assert len(passed) == 2
    kinds = [event.kind for event in house.recorder.events[before:]]
    assert kinds == [EventKind.ADDRESS_VERIFIED]


async def test_a_newer_code_ends_the_older(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    await signed_up(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    flow = shown(await ada.submit(flow, email=ADA))
    older, newer = [letter.code for letter in await letters(house)][-2:]
    if older != newer:
        assert said(await ada.submit(flow, code=older)) == [4070006]
    assert said(await ada.submit(flow, code=newer)) == [1080002]


async def test_the_button_of_a_phone_is_named_by_the_way_and_sends_again(make_house: MakeHouse) -> None:
    house = await make_house(texting(proving(flags=FeatureFlagsConfig(legacy_continue_with_verification_ui=True))))
    done = await house.client(FlowType.API).sign_up(ADA, phone=PHONE)
    ada = person(house, KIND)
    begun = [item["flow"]["id"] for item in done.body["continue_with"] if item["action"] == "show_verification_ui"]
    flows = [shown(await house.engine.fetch(KIND, each, ada.request({}))) for each in begun]
    assert [flow.ui.nodes[-1].name for flow in flows] == ["email", "sms"]
    again = shown(await ada.submit(flows[1], sms=PHONE))
    assert said(await ada.submit(again, code=(await letters(house))[-1].code)) == [1080005]


async def test_a_code_expires(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    identity_id = await signed_up(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    code = (await letters(house))[-1].code
    house.clock.move(minutes=59, seconds=59)
    assert said(await ada.submit(flow, code=other_than(code))) == [4070006]
    house.clock.move(seconds=1)
    answer = await ada.submit(flow, code=code)
    assert isinstance(answer, Reread)
    assert [message.id for message in answer.flow.ui.messages] == [4070005]
    assert not await is_verified(house, identity_id)


async def test_a_stranger_is_answered_alike_and_gets_nothing(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    await signed_up(house)
    known, unknown = person(house, KIND), person(house, KIND)
    for_ada = shown(await known.submit(await known.start(), email=ADA))
    for_nobody = shown(await unknown.submit(await unknown.start(), email=NOBODY))
    assert [m.id for m in for_ada.ui.messages] == [m.id for m in for_nobody.ui.messages]
    assert [(n.name, n.label) for n in for_ada.ui.nodes] == [(n.name, n.label) for n in for_nobody.ui.nodes]
    assert [letter.recipient for letter in await letters(house)] == [ADA, ADA]
    assert await house.count("deliveries") == 2
    assert await house.count("identity_keys") == 2


async def test_strangers_are_told_where_that_is_wanted(make_house: MakeHouse) -> None:
    house = await make_house(texting(proving(tells=True)))
    client = person(house, KIND)
    await client.submit(await client.start(), email=NOBODY)
    for nothing_is_sent_to in (PHONE, "no address at all"):
        await client.submit(await client.start(), email=nothing_is_sent_to)
    (letter,) = await letters(house)
    assert (letter.template, letter.recipient) == ("verification_code_invalid", NOBODY)


async def test_a_link_verifies_once(make_house: MakeHouse) -> None:
    house = await make_house(proving("link"))
    identity_id = await signed_up(house)
    ada = person(house, KIND, FlowType.BROWSER)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    token = (await letters(house))[-1].token
    wrong = await ada.follow(flow, token="x" * 32)
    assert isinstance(wrong, Reread)
    assert not await is_verified(house, identity_id)
    assert said(await ada.follow(flow, token=token)) == [1080002]
    assert await is_verified(house, identity_id)
    again = await ada.follow(flow, token=token)
    assert isinstance(again, Reread)
    assert [message.id for message in again.flow.ui.messages] == [4070001]


async def test_an_address_that_is_verified_already_can_be_proved_again(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    identity_id = await signed_up(house)
    ada = person(house, KIND)
    for _ in range(2):
        flow = shown(await ada.submit(await ada.start(), email=ADA))
        assert said(await ada.submit(flow, code=(await letters(house))[-1].code)) == [1080002]
        assert await is_verified(house, identity_id)
    kinds = [event.kind for event in house.recorder.events]
    assert kinds[-2:] == [EventKind.ADDRESS_VERIFIED, EventKind.ADDRESS_CONFIRMED]
    assert house.recorder.events[-1].cause.flow_kind == "verification"


async def test_an_address_that_was_given_up_cannot_be_verified(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    identity_id = await signed_up(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    code = (await letters(house))[-1].code

    async def give_up(tx: object) -> None:
        await tx.execute("DELETE FROM verifiable_addresses WHERE identity_id = :id", {"id": identity_id})  # type: ignore[attr-defined]

    await house.database.transaction(give_up)
    assert said(await ada.submit(flow, code=code)) == [4070006]


async def test_an_address_needs_the_csrf_token(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    ada = person(house, KIND, FlowType.BROWSER)
    with pytest.raises(SecurityCsrfViolation):
        await ada.submit(await ada.start(), email=ADA, csrf_token="")


async def test_a_missing_address_is_told_before_the_sender_is_looked_at(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    ada = person(house, KIND, FlowType.BROWSER)
    assert messages(await ada.submit(await ada.start(), csrf_token="")) == {"email": [4000002]}


@dataclass(frozen=True, slots=True)
class Failing:
    """A target that is away."""

    effects: frozenset[Wish] = frozenset()

    async def run(self, context: HookContext) -> Proceed | Veto | Detour:
        raise WebHookFailed


@dataclass(frozen=True, slots=True)
class Objecting:
    """A target that has something against it."""

    effects: frozenset[Wish] = frozenset()

    async def run(self, context: HookContext) -> Proceed | Veto | Detour:
        return Veto((FormProblem(None, Message(1234, "Not today.", "error")),))


def guarded(config: Config) -> Config:
    """With the hook `guard` after a verification."""
    hooks = AfterConfig(hooks=(HookConfig(hook="guard", path="selfservice.flows.verification.after.hooks.0"),))
    verification = replace(config.selfservice.flows.verification, after=hooks)
    flows = replace(config.selfservice.flows, verification=verification)
    return replace(config, selfservice=replace(config.selfservice, flows=flows))


@pytest.mark.parametrize(("type_", "is_plain"), [(FlowType.API, False), (FlowType.BROWSER, True)])
async def test_who_followed_a_link_hears_of_an_objection_in_a_flow_of_the_same_type(
    make_house: MakeHouse, type_: FlowType, is_plain: bool
) -> None:
    house = await make_house(guarded(proving("link")))
    house.hooks.by_name["guard"] = Objecting()
    identity_id = await signed_up(house)
    ada = person(house, KIND, type_)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    answer = await ada.follow(flow, token=(await letters(house))[-1].token)
    assert isinstance(answer, Reread)
    assert [message.id for message in answer.flow.ui.messages] == [1234]
    assert (answer.flow.type, answer.is_plain, answer.problem) == (type_, is_plain, None)
    assert await is_verified(house, identity_id)


async def test_what_was_proved_stays_proved_when_a_target_fails(make_house: MakeHouse) -> None:
    house = await make_house(guarded(proving()))
    house.hooks.by_name["guard"] = Failing()
    identity_id = await signed_up(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    code = (await letters(house))[-1].code
    with pytest.raises(FailedAfterwards) as failed:
        await ada.submit(flow, code=code)
    assert isinstance(failed.value.error, WebHookFailed)
    assert await is_verified(house, identity_id)
    assert isinstance(await ada.submit(flow, code=code), Reread)
