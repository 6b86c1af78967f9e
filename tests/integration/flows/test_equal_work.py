"""Nobody learns by the time that a refusal takes who has an account: the same statements, and one hash each."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from doorward.flows.contract import Refused
from doorward.flows.login_contract import Authenticated, LoginForm
from doorward.flows.model import FlowKind, FlowType
from doorward.flows.words_en import ENGLISH
from doorward.methods.password_login import PasswordLogin
from doorward.security.hashes import FORMATS
from doorward.security.passwords import HashSettings, PasswordHasher
from doorward.storage.contract import Database, Params, Row
from flows_house import PASSWORD, House, MakeHouse, configuration
from proof_house import person

ADA, NOBODY, NUL = "ada@example.org", "nobody@example.org", "ada@example.org\0"


class Tapped:
    """The real database, with a record of what is read from it."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.statements: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def reader(self) -> "Tapped":
        return self

    async def fetch_one(self, sql: str, params: Params | None = None) -> Row | None:
        self.statements.append(sql)
        return await self._inner.reader.fetch_one(sql, params)

    async def fetch_all(self, sql: str, params: Params | None = None) -> list[Row]:
        self.statements.append(sql)
        return await self._inner.reader.fetch_all(sql, params)


class Weighed(PasswordHasher):
    """The real hasher, with a count of the hashes that are computed to check a password."""

    checks = 0

    async def verify(self, password: str, encoded: str) -> bool:
        self.checks += 1
        return await super().verify(password, encoded)


async def form_of(house: House, identifier: str, password: str) -> LoginForm:
    visitor = person(house, FlowKind.LOGIN)
    values = {"method": "password", "identifier": identifier, "password": password}
    return LoginForm(await visitor.start(), visitor.request({}), values, ENGLISH)


async def work_of(house: House, form: LoginForm) -> tuple[object, Sequence[str], int]:
    tapped = Tapped(house.database)
    hasher = Weighed(HashSettings("bcrypt", bcrypt_cost=4, is_dev=True), threads=1, formats=FORMATS)
    try:
        decision = await PasswordLogin(cast("Database", tapped), hasher).login(form)
    finally:
        hasher.close()
    return decision, tapped.statements, hasher.checks


@pytest.mark.parametrize("identifier", [NOBODY, NUL, ""])
async def test_a_wrong_password_and_nobody_at_all_cost_the_same(make_house: MakeHouse, identifier: str) -> None:
    house = await make_house(configuration("session"))
    await house.client(FlowType.API).sign_up(ADA)
    known = await work_of(house, await form_of(house, ADA, "wrong-password-1"))
    unknown = await work_of(house, await form_of(house, identifier, "wrong-password-1"))
    assert isinstance(known[0], Refused)
    assert known == unknown
    assert (len(known[1]), known[2]) == (1, 1)


async def test_an_account_whose_password_is_gone_costs_the_same(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    await house.client(FlowType.API).sign_up(ADA)
    known = await work_of(house, await form_of(house, ADA, "wrong-password-1"))

    await house.database.transaction(
        lambda tx: tx.execute("UPDATE credentials SET config = :none WHERE type = 'password'", {"none": {}})
    )
    assert await work_of(house, await form_of(house, ADA, PASSWORD)) == known


async def test_the_right_password_asks_the_database_nothing_more(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    await house.client(FlowType.API).sign_up(ADA)
    decision, statements, checks = await work_of(house, await form_of(house, ADA, PASSWORD))
    assert isinstance(decision, Authenticated)
    assert decision.identity.traits["email"] == ADA
    assert (len(statements), checks) == (1, 1)
