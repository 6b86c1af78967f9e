"""Guesses that come all at once buy no more of them than one after another, in one process and in several."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from doorward.clock import MovableClock
from doorward.config.model import Config
from doorward.flows.answers import Answer, Done, Shown
from doorward.flows.errors import TooManyAttempts
from doorward.flows.model import FlowKind, FlowType
from doorward.flows.throttle import Throttle, ThrottleLimits
from doorward.flows.throttle_gate import WAITING_LIMIT, Gate
from doorward.flows.throttle_tally import Tally
from doorward.security.hash_line import Overloaded
from doorward.security.one_time_password import read_totp, totp_url
from doorward.storage.contract import Database, Transaction
from flows_house import PASSWORD, MakeHouse, configuration
from proof_house import Proving, said
from settings_house import Person, person, settled

ADA, HERE = "ada@example.org", "192.0.2.7"
KEYS = ["a-secret-of-the-tests-for-all-keys"]
WINDOW = timedelta(minutes=10)


def limited(config: Config, **limits: Any) -> Config:
    throttling = replace(config.security.throttling, enabled=True, **limits)
    return replace(config, security=replace(config.security, throttling=throttling))


def processes(database: Database, clock: MovableClock, number: int, **limits: Any) -> Sequence[Throttle]:
    given: dict[str, Any] = {"per_person_and_network": 1000, "per_person": 1000, "per_network": 1000, **limits}
    made = ThrottleLimits(WINDOW, **given)
    return [Throttle(database, made, Tally(WINDOW, KEYS, clock), Gate()) for _ in range(number)]


async def guess(database: Database, throttle: Throttle, person: str, address: str, *, is_right: bool = False) -> str:
    """As a sign-in does it: a place, some work, and a wrong one is told once it is counted."""
    try:
        place = await throttle.admit(person, address)
    except TooManyAttempts:
        return "later"
    try:
        await asyncio.sleep(0)
        if is_right:
            return "right"

        async def work(tx: Transaction) -> None:
            for write in throttle.failed(person, address):
                await write(tx)

        await database.transaction(work)
        return "wrong"
    except TooManyAttempts:
        return "later"
    finally:
        place.leave()


@pytest.mark.parametrize("seed", range(8))
async def test_of_many_wrong_guesses_as_many_are_told_as_the_limit_says(
    database: Database, clock: MovableClock, seed: int
) -> None:
    chance = random.Random(seed)
    limit, number = chance.randint(1, 9), chance.randint(1, 4)
    kind = chance.choice(["per_person_and_network", "per_person", "per_network"])
    servers = processes(database, clock, number, **{kind: limit})
    guesses = [
        guess(
            database,
            chance.choice(servers),
            f"{uuid4()}@example.org" if kind == "per_network" else ADA,
            f"203.0.{each}.1" if kind == "per_person" else HERE,
        )
        for each in range(chance.randint(limit, 40))
    ]
    told = Counter(await asyncio.gather(*guesses))
    assert told["wrong"] == limit
    assert told["later"] == len(guesses) - limit


@pytest.mark.parametrize("number", [1, 2, 4])
async def test_the_right_one_in_a_crowd_is_judged_in_its_turn(
    database: Database, clock: MovableClock, number: int
) -> None:
    limit = 8
    servers = processes(database, clock, number, per_person=limit)
    crowd = [
        asyncio.create_task(guess(database, servers[each % number], ADA, f"203.0.{each}.1", is_right=each >= 32))
        for each in range(36)
    ]
    told = Counter(await asyncio.gather(*crowd))
    assert (told["right"], told["wrong"]) == (0, limit)


async def test_who_is_right_waits_for_others_and_leaves_nothing_behind(database: Database, clock: MovableClock) -> None:
    (throttle,) = processes(database, clock, 1, per_person=5)
    right = [guess(database, throttle, ADA, HERE, is_right=True) for _ in range(50)]
    assert Counter(await asyncio.gather(*right)) == {"right": 50}
    assert await database.reader.fetch_all("SELECT * FROM throttle_counts") == []


async def test_the_line_has_an_end(database: Database, clock: MovableClock) -> None:
    (throttle,) = processes(database, clock, 1, per_person=4)
    first = await throttle.admit(ADA, HERE)

    async def visit() -> None:
        (await throttle.admit(ADA, HERE)).leave()

    line = [asyncio.create_task(visit()) for _ in range(WAITING_LIMIT + 1)]
    refused, others = await asyncio.wait(line, return_when=asyncio.FIRST_COMPLETED)
    with pytest.raises(Overloaded):
        await next(iter(refused))
    first.leave()
    await asyncio.gather(*others)


async def outcome(answer: asyncio.Future[Answer]) -> str:
    try:
        found = await answer
    except TooManyAttempts:
        return "later"
    return "right" if isinstance(found, Done) else f"wrong {said(found)}" if isinstance(found, Shown) else "?"


async def test_passwords(make_house: MakeHouse) -> None:
    house = await make_house(limited(configuration("session"), per_person_and_network=3))
    await house.client(FlowType.API).sign_up(ADA)
    visitor = Proving(house, FlowKind.LOGIN, house.client(FlowType.API))
    flows = [await visitor.start() for _ in range(13)]
    typed = [*(f"wrong-password-{n}" for n in range(12)), PASSWORD]
    tries = [
        asyncio.ensure_future(visitor.submit(flow, method="password", identifier=ADA, password=password))
        for flow, password in zip(flows, typed, strict=True)
    ]
    told = Counter([await outcome(each) for each in tries])
    assert told == {"wrong [4000006]": 3, "later": 10}


async def test_codes_of_an_authenticator_app(make_house: MakeHouse) -> None:
    house = await make_house(limited(settled(), per_person_and_network=4))
    ada = await person(house, ADA)
    form = await ada.start()
    secret = form.secret_nodes["totp_secret_key"].attributes["text"]["context"]["secret"]
    app = read_totp(totp_url(secret, "Tests", "ada"))
    assert app is not None
    now = int(house.clock.now().timestamp()) // 30
    assert isinstance(await ada.save(form, method="totp", totp_code=app.code(now)), Done)
    login = Proving(house, FlowKind.LOGIN, house.client(FlowType.API))
    done = await login.submit(await login.start(), method="password", identifier=ADA, password=PASSWORD)
    assert isinstance(done, Done)
    second = Person(house, FlowKind.LOGIN, login.client, ada.issued)
    session = await house.sessions.find_live(house.database.reader, str(done.body["session_token"]))
    second.client.session = session
    flows = [await second.start(aal="aal2") for _ in range(11)]
    codes = [*(app.code(now + 1000 + each) for each in range(10)), app.code(now + 1)]
    tries = [
        asyncio.ensure_future(second.submit(flow, method="totp", totp_code=code))
        for flow, code in zip(flows, codes, strict=True)
    ]
    told = Counter([await outcome(each) for each in tries])
    assert told == {"wrong [4000008]": 4, "later": 7}
