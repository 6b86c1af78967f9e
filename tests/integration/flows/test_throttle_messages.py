"""Nobody has an address mailed to again and again, from no flow and by no crowd; no answer tells who has an account."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from doorward.config.model import Config
from doorward.config.model_flows import AfterConfig, AfterMethodConfig, HookConfig, LoginFlow, MethodConfig
from doorward.flows.answers import Answer, Diverted, Done, Navigate, Shown
from doorward.flows.errors import TooManyMessages
from doorward.flows.model import FlowKind, FlowType
from doorward.flows.request import FlowRequest
from doorward.hooks.effects import START_VERIFICATION
from doorward.hooks.require_verified_address import RequireVerifiedAddress
from flows_house import PASSWORD, UI, House, MakeHouse, configuration
from proof_house import Proving, letters, proving, said
from settings_house import Person, person, settled

ADA, NOBODY, HERE = "ada@example.org", "nobody@example.org", "192.0.2.7"
ASKED_TOO_OFTEN = [4000001]


@dataclass
class Visitor(Proving):
    """Somebody whose network is known."""

    ip_address: str = HERE

    def request(self, query: Mapping[str, str], body: Mapping[str, Any] | None = None) -> FlowRequest:
        return replace(super().request(query, body), counted_address=self.ip_address)


def visitor(house: House, kind: FlowKind, ip_address: str = HERE, type_: FlowType = FlowType.API) -> Visitor:
    return Visitor(house, kind, house.client(type_), ip_address)


def limited(config: Config, **limits: Any) -> Config:
    given = {"per_address_and_network": 2, "per_address": 3, "per_network": 100, **limits}
    throttling = config.security.throttling
    throttling = replace(throttling, enabled=True, messages=replace(throttling.messages, **given))
    return replace(config, security=replace(config.security, throttling=throttling))


def by_code(config: Config, **settings: Any) -> Config:
    methods = {**config.selfservice.methods, "code": MethodConfig(enabled=True, **settings)}
    return replace(config, selfservice=replace(config.selfservice, methods=methods))


async def asked(client: Visitor, **fields: Any) -> Answer:
    """In a form of its own: a new form buys no more messages."""
    return await client.submit(await client.start(), **fields)


async def mails(house: House) -> Counter[str]:
    return Counter(letter.recipient for letter in await letters(house))


@pytest.mark.parametrize("use", ["code", "link"])
@pytest.mark.parametrize("type_", FlowType)
@pytest.mark.parametrize("kind", [FlowKind.RECOVERY, FlowKind.VERIFICATION])
async def test_known_and_unknown_addresses_rest_alike(
    make_house: MakeHouse, kind: FlowKind, use: Any, type_: FlowType
) -> None:
    house = await make_house(limited(proving(use)))
    await house.client(FlowType.API).sign_up(ADA)
    before = (await mails(house))[ADA]
    for email in (ADA, NOBODY):
        here, there = visitor(house, kind, type_=type_), visitor(house, kind, "198.51.100.9", type_)
        for client, is_sent in ((here, True), (here, True), (here, False), (there, True), (there, False)):
            answer = await asked(client, email=email)
            assert (said(answer) == ASKED_TOO_OFTEN) is not is_sent
    assert await mails(house) == {ADA: before + 3}


async def test_the_form_stays_and_the_code_that_came_is_good(make_house: MakeHouse) -> None:
    house = await make_house(limited(proving()))
    await house.client(FlowType.API).sign_up(ADA)
    ada = visitor(house, FlowKind.RECOVERY)
    flow = await ada.start()
    for _ in range(2):
        await ada.submit(flow, email=ADA)
    code = (await letters(house))[-1].code
    shown = await ada.submit(flow, email=ADA)
    assert isinstance(shown, Shown)
    assert [node.name for node in shown.flow.ui.nodes if node.name == "code"] == ["code"]
    assert isinstance(await ada.submit(flow, code=code), Navigate)


async def test_it_is_over_in_time_and_each_purpose_has_its_own(make_house: MakeHouse) -> None:
    house = await make_house(limited(proving()))
    recovery, verification = visitor(house, FlowKind.RECOVERY), visitor(house, FlowKind.VERIFICATION)
    for _ in range(3):
        await asked(recovery, email=ADA)
    assert said(await asked(recovery, email=ADA)) == ASKED_TOO_OFTEN
    assert said(await asked(verification, email=ADA)) != ASKED_TOO_OFTEN
    house.clock.move(minutes=20)
    assert said(await asked(recovery, email=ADA)) != ASKED_TOO_OFTEN


async def test_one_network_asks_for_so_many_addresses(make_house: MakeHouse) -> None:
    house = await make_house(limited(proving(), per_network=4))
    client = visitor(house, FlowKind.RECOVERY)
    told = [said(await asked(client, email=f"person-{number}@example.org")) for number in range(6)]
    assert [each == ASKED_TOO_OFTEN for each in told] == [False] * 4 + [True] * 2
    elsewhere = visitor(house, FlowKind.RECOVERY, "198.51.100.9")
    assert said(await asked(elsewhere, email="person-9@example.org")) != ASKED_TOO_OFTEN


async def test_many_at_once_are_no_more_than_one_after_another(make_house: MakeHouse) -> None:
    house = await make_house(limited(proving(), per_address_and_network=4, per_address=9))
    await house.client(FlowType.API).sign_up(ADA)
    before = (await mails(house))[ADA]
    ada = visitor(house, FlowKind.RECOVERY)
    flows = [await ada.start() for _ in range(12)]
    told = await asyncio.gather(*(ada.submit(flow, email=ADA) for flow in flows))
    assert Counter(said(each) == ASKED_TOO_OFTEN for each in told) == {False: 4, True: 8}
    assert await mails(house) == {ADA: before + 4}


async def test_codes_to_sign_in_and_up_resent_ones_too(make_house: MakeHouse) -> None:
    house = await make_house(limited(by_code(configuration("session"), passwordless_enabled=True)))
    newcomer = visitor(house, FlowKind.REGISTRATION)
    flow = await newcomer.start()
    traits = {"email": ADA}
    await newcomer.submit(flow, method="code", traits=traits)
    await newcomer.submit(flow, method="code", traits=traits, resend="code")
    assert said(await newcomer.submit(flow, method="code", traits=traits, resend="code")) == ASKED_TOO_OFTEN
    assert await mails(house) == {ADA: 2}
    code = (await letters(house))[-1].code
    assert isinstance(await newcomer.submit(flow, method="code", traits=traits, code=code), Done)
    again = visitor(house, FlowKind.LOGIN)
    flow = await again.start()
    await again.submit(flow, method="code", identifier=ADA)
    await again.submit(flow, method="code", identifier=ADA, resend="code")
    assert said(await again.submit(flow, method="code", identifier=ADA, resend="code")) == ASKED_TOO_OFTEN
    assert said(await asked(again, method="code", identifier=ADA)) == ASKED_TOO_OFTEN
    assert await mails(house) == {ADA: 4}


async def test_a_second_factor_that_is_sent_with_the_form_is_counted(make_house: MakeHouse) -> None:
    house = await make_house(limited(by_code(configuration("session"), mfa_enabled=True)))
    ada = await person(house, ADA)
    second = Person(house, FlowKind.LOGIN, ada.client, ada.issued)
    for _ in range(3):
        await second.start(aal="aal2")
    with pytest.raises(TooManyMessages) as refused:
        await second.start(aal="aal2")
    assert refused.value.retry_after_s > 0
    assert await mails(house) == {ADA: 3}


def with_login_hook(name: str) -> Config:
    config = proving()
    hooks = AfterConfig(methods={"password": AfterMethodConfig(hooks=(HookConfig(hook=name, path="login.hooks.0"),))})
    flows = replace(config.selfservice.flows, login=LoginFlow(ui_url=f"{UI}/login", after=hooks))
    return limited(replace(config, selfservice=replace(config.selfservice, flows=flows)))


async def test_a_sign_in_that_needs_a_code_first_says_so(make_house: MakeHouse) -> None:
    house = await make_house(with_login_hook("require_verified_address"))
    house.hooks.by_name["require_verified_address"] = RequireVerifiedAddress()
    await house.client(FlowType.API).sign_up(ADA)
    ada = visitor(house, FlowKind.LOGIN)
    proof = {"method": "password", "identifier": ADA, "password": PASSWORD}
    answers = [await asked(ada, **proof) for _ in range(4)]
    assert [isinstance(each, Diverted) for each in answers] == [True, True, True, False]
    assert said(answers[-1]) == ASKED_TOO_OFTEN
    assert await mails(house) == {ADA: 4}  # the sign-up's own is none that was asked for


async def test_a_sign_in_that_sends_by_the_way_succeeds_without(make_house: MakeHouse) -> None:
    house = await make_house(with_login_hook("verification"))
    house.hooks.by_name["verification"] = START_VERIFICATION
    await house.client(FlowType.API).sign_up(ADA)
    proof = {"method": "password", "identifier": ADA, "password": PASSWORD}
    for _ in range(5):
        assert isinstance(await asked(visitor(house, FlowKind.LOGIN), **proof), Done)
    assert await mails(house) == {ADA: 4}


async def test_an_address_that_is_changed_to_again_and_again_rests(make_house: MakeHouse) -> None:
    house = await make_house(limited(settled(proving())))
    ada = await person(house, ADA)
    told = []
    for number in range(8):
        other = NOBODY if number % 2 == 0 else f"own-{number}@example.org"
        answer = await ada.save(await ada.start(), method="profile", traits={"email": other})
        told.append("saved" if isinstance(answer, Done) else said(answer))
    assert told == ["saved"] * 6 + [ASKED_TOO_OFTEN, "saved"]
    assert (await mails(house))[NOBODY] == 3


async def test_nothing_is_counted_where_it_is_off(make_house: MakeHouse) -> None:
    config = limited(proving())
    throttling = replace(config.security.throttling, enabled=False)
    house = await make_house(replace(config, security=replace(config.security, throttling=throttling)))
    for _ in range(5):
        assert said(await asked(visitor(house, FlowKind.RECOVERY), email=ADA)) != ASKED_TOO_OFTEN
    assert await house.count("throttle_counts") == 0


async def test_the_table_names_nobody(make_house: MakeHouse) -> None:
    house = await make_house(limited(proving()))
    await asked(visitor(house, FlowKind.RECOVERY), email=ADA)
    rows = await house.database.reader.fetch_all("SELECT * FROM throttle_counts")
    assert len(rows) == 3
    assert not [word for word in (ADA, HERE) if word in str([dict(row) for row in rows])]
