"""Changes that take a recent sign-in: refused for apps, paused for browsers and taken up once, by the same browser."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from doorward.config.model_flows import AfterConfig, AfterMethodConfig, HookConfig
from doorward.flows.answers import Done, Shown, SignInAgain
from doorward.flows.contract import Detour, HookContext, Proceed, Veto, Wish
from doorward.flows.errors import SecurityCsrfViolation, SessionRefreshRequired
from doorward.flows.model import FlowType
from flows_house import BASE, House, MakeHouse
from proof_house import said
from settings_house import Person, on, person, settled

OTHER = "staple-7-paperclip-moon"


async def stale(house: House, email: str, type_: FlowType) -> Person:
    ada = await person(house, email, type_)
    house.clock.move(seconds=601)
    return ada


async def make(make_house: MakeHouse) -> House:
    return await make_house(settled(privileged_session_max_age=timedelta(minutes=10)))


async def test_an_app_has_to_sign_in_again_first(make_house: MakeHouse) -> None:
    house = await make(make_house)
    ada = await stale(house, "ada@example.org", FlowType.API)
    flow = await ada.start()
    with pytest.raises(SessionRefreshRequired) as refused:
        await ada.save(flow, method="password", password=OTHER)
    assert refused.value.redirect_browser_to.startswith(f"{BASE}self-service/login/browser?refresh=true&return_to=")
    assert isinstance(await ada.sign_in_again(), Done)
    assert isinstance(await ada.save(flow, method="password", password=OTHER), Done)


async def test_what_identifies_nobody_needs_no_fresh_sign_in(make_house: MakeHouse) -> None:
    house = await make(make_house)
    ada = await stale(house, "ada@example.org", FlowType.API)
    flow = await ada.start()
    saved = await ada.save(flow, method="profile", traits={"email": "ada@example.org", "name": {"first": "A"}})
    assert isinstance(saved, Done)
    with pytest.raises(SessionRefreshRequired):
        await ada.save(flow, method="profile", traits={"email": "new@example.org"})


@dataclass(frozen=True, slots=True)
class Patching:
    """A target that changes the person."""

    patch: dict[str, Any]
    effects: frozenset[Wish] = frozenset()

    async def run(self, context: HookContext) -> Proceed | Veto | Detour:
        return Proceed(self.patch)


PROVED = [{"value": "ada@example.org", "via": "email", "verified": True}]


@pytest.mark.parametrize(
    ("patch", "is_refused"),
    [
        ({"traits": {"email": "new@example.org"}}, True),
        ({"verifiable_addresses": PROVED}, True),
        ({"metadata_public": {"plan": "team"}, "external_id": "x"}, False),
        ({"traits": {"email": "ada@example.org", "name": {"first": "B"}}}, False),
    ],
)
@pytest.mark.parametrize("type_", [FlowType.API, FlowType.BROWSER])
async def test_what_a_target_makes_of_a_change_takes_a_fresh_sign_in_too(
    make_house: MakeHouse, type_: FlowType, patch: dict[str, Any], is_refused: bool
) -> None:
    path = "selfservice.flows.settings.after.profile.hooks.0"
    hooks = (HookConfig(hook="web_hook", config={"response": {"parse": True}}, path=path),)
    after = AfterConfig(methods={"profile": AfterMethodConfig(hooks=hooks)})
    house = await make_house(settled(privileged_session_max_age=timedelta(minutes=10), after=after))
    house.hooks.by_name["web_hook"] = Patching(patch)
    ada = await stale(house, "ada@example.org", type_)
    flow, before = await ada.start(), await ada.identity()
    change = {"method": "profile", "traits": {"email": "ada@example.org", "name": {"first": "A"}}}
    if is_refused:
        with pytest.raises(SessionRefreshRequired) as refused:
            await ada.save(flow, **change)
        assert refused.value.redirect_browser_to.startswith(f"{BASE}self-service/login/browser?refresh=true&return_to=")
        assert await ada.identity() == before
        assert isinstance(await ada.sign_in_again(), Done)
    assert isinstance(await ada.save(flow, **change), Done)


async def test_a_browser_comes_back_to_its_change(make_house: MakeHouse) -> None:
    house = await make(make_house)
    ada = await stale(house, "ada@example.org", FlowType.BROWSER)
    flow = await ada.start()
    assert isinstance(await ada.save(flow, method="password", password=OTHER), SignInAgain)
    assert isinstance(await ada.sign_in_again(), Done)
    resumed = await ada.resume(flow)
    assert isinstance(resumed, Done)
    assert resumed.continuity == ({}, {})
    assert said(await ada.sign_in_again()) == [4000006]
    # It is carried out once, whoever comes again with the old cookie.
    assert isinstance(await ada.resume(flow), Shown)
    assert await house.count("paused_steps") == 0


async def test_coming_back_without_signing_in_pauses_again(make_house: MakeHouse) -> None:
    house = await make(make_house)
    ada = await stale(house, "ada@example.org", FlowType.BROWSER)
    flow = await ada.start()
    await ada.save(flow, method="password", password=OTHER)
    again = await ada.resume(flow)
    assert isinstance(again, SignInAgain)
    ada.held = again.continuity
    assert isinstance(await ada.sign_in_again(), Done)
    assert isinstance(await ada.resume(flow), Done)


async def test_a_paused_change_is_for_its_browser_and_its_person(make_house: MakeHouse) -> None:
    house = await make(make_house)
    ada = await stale(house, "ada@example.org", FlowType.BROWSER)
    flow, other = await ada.start(), await ada.start()
    await ada.save(flow, method="password", password=OTHER)
    await ada.sign_in_again()
    held, ada.held = ada.held, {}
    assert said(await ada.resume(flow)) != []
    ada.held = held
    assert said(await ada.resume(other)) != []
    bob = await person(house, "bob@example.org", FlowType.BROWSER)
    bob.held = held
    assert said(await bob.resume(await bob.start())) != []
    assert isinstance(await ada.resume(flow), Done)


async def test_a_paused_change_waits_a_quarter_of_an_hour(make_house: MakeHouse) -> None:
    house = await make(make_house)
    ada = await stale(house, "ada@example.org", FlowType.BROWSER)
    flow = await ada.start()
    await ada.save(flow, method="password", password=OTHER)
    house.clock.move(minutes=15)
    await ada.sign_in_again()
    assert said(await ada.resume(flow)) != []


async def test_a_paused_password_is_not_readable(make_house: MakeHouse) -> None:
    house = await make(make_house)
    ada = await stale(house, "ada@example.org", FlowType.BROWSER)
    await ada.save(await ada.start(), method="password", password=OTHER)
    row = await house.database.reader.fetch_one("SELECT payload FROM paused_steps")
    assert row is not None
    assert OTHER.encode() not in bytes(row["payload"])


async def test_what_is_plainly_wrong_comes_first(
    make_house: MakeHouse,
) -> None:
    house = await make(make_house)
    ada = await stale(house, "ada@example.org", FlowType.BROWSER)
    flow = await ada.start()
    for token in ({}, {"csrf_token": "somebody else's"}):
        answer = await ada.save(flow, method="profile", traits={"email": "nobody"}, **token)
        assert on(answer, "traits.email") == [4000040]
        assert on(await ada.save(flow, method="password", **token), "password") == [4000002]
    with pytest.raises(SecurityCsrfViolation):
        await ada.save(flow, method="profile", traits={"email": "new@example.org"}, csrf_token="somebody else's")
    assert await house.count("paused_steps") == 0
