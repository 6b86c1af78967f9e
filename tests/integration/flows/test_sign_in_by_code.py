"""Signing in and up by code, and in two steps, on both databases: who gets one, what it is good for, what is told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from doorward.config.model import Config, SecurityConfig
from doorward.config.model_flows import LoginFlow, MethodConfig
from doorward.flows.answers import Answer, Done
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType
from flows_house import PASSWORD, UI, House, MakeHouse, configuration
from proof_house import Proving, letters, other_than, person, said, shown
from settings_house import on

ADA, BOB, NOBODY = "ada@example.org", "bob@example.org", "nobody@example.org"


def two_steps(*, has_codes: bool = False, is_mitigated: bool = False) -> Config:
    """Identifier first; `has_codes`: sign-ups and sign-ins by code."""
    return replace(
        codes(has_codes=has_codes, login=LoginFlow(ui_url=f"{UI}/login", style="identifier_first")),
        security=mitigated(is_mitigated),
    )


def codes(*, has_codes: bool = True, login: LoginFlow | None = None) -> Config:
    config = configuration("session")
    code = MethodConfig(enabled=True, passwordless_enabled=has_codes)
    flows = replace(config.selfservice.flows, login=login or LoginFlow(ui_url=f"{UI}/login"))
    methods = {**config.selfservice.methods, "code": code} if has_codes else config.selfservice.methods
    return replace(config, selfservice=replace(config.selfservice, methods=methods, flows=flows))


def mitigated(is_on: bool) -> SecurityConfig:
    security = SecurityConfig()
    return replace(security, account_enumeration=replace(security.account_enumeration, mitigate=is_on))


async def with_password(house: House, email: str) -> None:
    await house.client(FlowType.API).sign_up(email)


async def with_code_only(house: House, email: str) -> Answer:
    """Somebody who signs up by a code."""
    newcomer = person(house, FlowKind.REGISTRATION)
    flow = await newcomer.start()
    await newcomer.submit(flow, method="code", traits={"email": email})
    return await newcomer.submit(flow, method="code", traits={"email": email}, code=await newest(house))


async def newest(house: House) -> str:
    return (await letters(house))[-1].code


def visitor(house: House, type_: FlowType = FlowType.API) -> Proving:
    return person(house, FlowKind.LOGIN, type_)


def names(flow: Flow) -> list[tuple[str, str]]:
    return [(node.group, node.name) for node in flow.ui.nodes]


async def first_step(house: House, identifier: str) -> Flow:
    ada = visitor(house)
    return shown(await ada.submit(await ada.start(), method="identifier_first", identifier=identifier))


async def test_a_code_signs_up_and_verifies_its_address(make_house: MakeHouse) -> None:
    house = await make_house(codes())
    assert isinstance(await with_code_only(house, ADA), Done)
    row = await house.database.reader.fetch_one("SELECT verified FROM verifiable_addresses")
    assert row is not None
    assert row["verified"]


async def test_a_code_signs_up_nobody_but_whom_it_was_sent_for(make_house: MakeHouse) -> None:
    house = await make_house(codes())
    newcomer = person(house, FlowKind.REGISTRATION)
    flow = await newcomer.start()
    await newcomer.submit(flow, method="code", traits={"email": ADA})
    code = await newest(house)
    assert said(await newcomer.submit(flow, method="code", traits={"email": BOB}, code=code)) == [4000036]
    assert await house.count("identities") == 0


@pytest.mark.parametrize("type_", FlowType)
async def test_a_code_signs_in_once(make_house: MakeHouse, type_: FlowType) -> None:
    house = await make_house(codes())
    await with_password(house, ADA)
    ada = visitor(house, type_)
    flow = await ada.start()
    assert shown(await ada.submit(flow, method="code", identifier=ADA)).state is FlowState.SENT_EMAIL
    code = await newest(house)
    assert said(await ada.submit(flow, method="code", identifier=ADA, code=other_than(code))) == [4010008]
    assert isinstance(await ada.submit(flow, method="code", identifier=ADA, code=code), Done)
    assert said(await ada.submit(flow, method="code", identifier=ADA, code=code)) == [4010002]


async def test_a_code_that_has_expired_is_wrong(make_house: MakeHouse) -> None:
    house = await make_house(
        codes(login=LoginFlow(ui_url=f"{UI}/login", lifespan=timedelta(hours=4))),
    )
    await with_password(house, ADA)
    ada = visitor(house)
    flow = await ada.start()
    await ada.submit(flow, method="code", identifier=ADA)
    code = await newest(house)
    house.clock.move(hours=2)
    assert said(await ada.submit(flow, method="code", identifier=ADA, code=code)) == [4010008]


async def test_nobody_gets_no_code(make_house: MakeHouse) -> None:
    house = await make_house(codes())
    ada = visitor(house)
    assert said(await ada.submit(await ada.start(), method="code", identifier=NOBODY)) == [4000035]
    assert await letters(house) == []


async def test_the_first_step_asks_who_and_the_second_how(make_house: MakeHouse) -> None:
    house = await make_house(two_steps())
    await with_password(house, ADA)
    ada = visitor(house)
    flow = await ada.start()
    assert ("password", "password") not in names(flow)
    flow = shown(await ada.submit(flow, method="identifier_first", identifier=ADA))
    assert (flow.active, flow.ui.find_node("password") is not None) == ("identifier_first", True)
    assert isinstance(await ada.submit(flow, method="password", identifier=ADA, password=PASSWORD), Done)


async def test_the_first_step_again_keeps_the_fields_and_brings_the_buttons_once_more(make_house: MakeHouse) -> None:
    house = await make_house(two_steps())
    await with_password(house, ADA)
    ada = visitor(house)
    once = shown(await ada.submit(await ada.start(), method="identifier_first", identifier=ADA))
    twice = shown(await ada.submit(once, method="identifier_first", identifier=ADA))
    buttons = [each for each in names(once) if each[1] == "method"]
    assert names(twice) == [*names(once), *buttons]
    assert isinstance(await ada.submit(twice, method="password", identifier=ADA, password=PASSWORD), Done)


async def test_who_is_unknown_is_told_so_at_the_first_step(make_house: MakeHouse) -> None:
    house = await make_house(two_steps())
    ada = visitor(house)
    answer = await ada.submit(await ada.start(), method="identifier_first", identifier=NOBODY)
    assert on(answer, "identifier") == [4000037]


async def test_with_mitigation_known_and_unknown_people_see_the_same_form(make_house: MakeHouse) -> None:
    house = await make_house(two_steps(is_mitigated=True))
    await with_password(house, ADA)
    known, unknown = await first_step(house, ADA), await first_step(house, NOBODY)
    assert names(known) == names(unknown)
    assert (known.state, known.active, known.ui.messages) == (unknown.state, unknown.active, unknown.ui.messages)


async def test_who_has_only_a_code_gets_it_at_the_first_step(make_house: MakeHouse) -> None:
    house = await make_house(two_steps(has_codes=True))
    await with_code_only(house, ADA)
    await with_password(house, BOB)
    assert (await first_step(house, ADA)).state is FlowState.SENT_EMAIL
    sent = len(await letters(house))
    flow = await first_step(house, BOB)
    assert {("password", "password"), ("code", "method")} <= set(names(flow))
    assert len(await letters(house)) == sent


async def test_what_is_wrong_with_the_traits_is_told_before_a_missing_code(make_house: MakeHouse) -> None:
    house = await make_house(codes())
    newcomer = person(house, FlowKind.REGISTRATION)
    flow = await newcomer.start()
    await newcomer.submit(flow, method="code", traits={"email": ADA})
    answer = await newcomer.submit(flow, method="code", traits={})
    assert on(answer, "traits.email") == [4000002]
    assert on(answer, "code") == []
    answer = await newcomer.submit(flow, method="code", traits={"email": ADA})
    assert on(answer, "code") == [4000002]
