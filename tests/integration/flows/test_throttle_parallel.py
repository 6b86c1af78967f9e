"""Guesses that come all at once buy no more of them than one after another, in one process and in several."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest

from doorward.clock import MovableClock
from doorward.config.model import Config
from doorward.flows.answers import Answer, Done, Navigate, Shown
from doorward.flows.errors import TooManyAttempts
from doorward.flows.model import FlowKind, FlowType
from doorward.flows.throttle import Throttle, ThrottleLimits
from doorward.flows.throttle_gate import WAITING_LIMIT, Gate
from doorward.flows.throttle_tally import Tally
from doorward.security.hash_line import Overloaded
from doorward.security.one_time_password import read_totp, totp_url
from doorward.storage.contract import Database, Params, Row, Transaction
from flows_house import PASSWORD, MakeHouse, configuration
from proof_house import Proving, letters, proving, said
from settings_house import Person, person, settled

ADA, HERE = "ada@example.org", "192.0.2.7"
KEYS = ["a-secret-of-the-tests-for-all-keys"]
WINDOW = timedelta(minutes=10)


def limited(config: Config, **limits: Any) -> Config:
    throttling = replace(config.security.throttling, enabled=True, **limits)
    return replace(config, security=replace(config.security, throttling=throttling))


def processes(
    database: Database, clock: MovableClock, number: int, gates: Sequence[Gate] = (), **limits: Any
) -> Sequence[Throttle]:
    given: dict[str, Any] = {"per_person_and_network": 1000, "per_person": 1000, "per_network": 1000, **limits}
    made = ThrottleLimits(WINDOW, **given)
    return [
        Throttle(database, made, Tally(WINDOW, KEYS, clock), each) for each in gates or [Gate() for _ in range(number)]
    ]


async def breath() -> None:
    await asyncio.sleep(0)


async def guess(
    database: Database,
    throttle: Throttle,
    person: str,
    address: str,
    judge: Callable[[], Awaitable[None]] = breath,
    *,
    is_right: bool = False,
) -> str:
    """As a sign-in does it: a place, some work, and a wrong one is told once it is counted."""
    try:
        place = await throttle.admit(person, address)
    except TooManyAttempts:
        return "later"
    try:
        await judge()
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
    limits: dict[str, Any] = {kind: limit}
    servers = processes(database, clock, number, **limits)
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


class Watched(Gate):
    """A gate that tells of those who come to its lines."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = tell

    async def wait(self, key: str) -> None:
        self._tell("waits")
        await super().wait(key)


@pytest.mark.parametrize("number", [1, 2, 4])
async def test_the_right_one_in_a_crowd_is_judged_in_its_turn(
    database: Database, clock: MovableClock, number: int
) -> None:
    limit, crowd, came, more, release = 8, 32, Counter[str](), asyncio.Event(), asyncio.Event()

    def tell(what: str) -> None:
        came[what] += 1
        more.set()

    gates = [Watched(tell) for _ in range(number)]
    servers = processes(database, clock, number, gates, per_person=limit)

    async def try_once(each: int, *, is_right: bool) -> str:
        """Known to be right or wrong, and not counted until `release`."""

        async def pause() -> None:
            tell("right" if is_right else "wrong")
            await release.wait()

        return await guess(database, servers[each % number], ADA, f"203.0.{each}.1", pause, is_right=is_right)

    async def settled(everybody: int) -> None:
        while came.total() < everybody:
            more.clear()
            await more.wait()

    wrong = [asyncio.create_task(try_once(each, is_right=False)) for each in range(crowd)]
    await settled(crowd)
    right = [asyncio.create_task(try_once(crowd + each, is_right=True)) for each in range(number)]
    await settled(crowd + number)
    assert came["wrong"] <= limit
    assert came["right"] == 0
    release.set()
    assert Counter(await asyncio.gather(*wrong, *right)) == {"wrong": limit, "later": crowd + number - limit}


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
    # The right one may have been among the first.
    assert (told["wrong [4000006]"], told["right"] + told["later"]) == (3, 10)


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
    assert (told["wrong [4000008]"], told["right"] + told["later"]) == (4, 7)


class Asked:
    """The real database, with a count of what it is asked."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.questions = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def reader(self) -> "Asked":
        return self

    async def fetch_all(self, sql: str, params: Params | None = None) -> list[Row]:
        self.questions += 1
        return await self._inner.reader.fetch_all(sql, params)


async def test_a_sign_in_that_succeeds_asks_once(database: Database, clock: MovableClock) -> None:
    asked = Asked(database)
    (throttle,) = processes(cast("Database", asked), clock, 1)
    assert await guess(database, throttle, ADA, HERE, is_right=True) == "right"
    assert asked.questions == 1
    assert await database.reader.fetch_all("SELECT * FROM throttle_counts") == []


async def test_codes_of_one_form_without_any_throttle(make_house: MakeHouse) -> None:
    config = proving()
    throttling = replace(config.security.throttling, enabled=False)
    house = await make_house(replace(config, security=replace(config.security, throttling=throttling)))
    await house.client(FlowType.API).sign_up(ADA)
    ada = Proving(house, FlowKind.RECOVERY, house.client(FlowType.API))
    flow = await ada.start()
    await ada.submit(flow, email=ADA)
    code = (await letters(house))[-1].code
    wrong = [f"{(int(code) + each) % 1_000_000:06}" for each in range(1, 15)]
    answers = await asyncio.gather(*(ada.submit(flow, code=each) for each in (*wrong[:9], code, *wrong[9:])))
    judged = [each for each in answers if isinstance(each, Navigate | Shown)]
    assert len(judged) == 5
    assert all(isinstance(each, Navigate) or said(each) == [4060006] for each in judged)
