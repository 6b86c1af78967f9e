"""Getting back in by code and by link, on both databases."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from doorward.config.model import FeatureFlagsConfig
from doorward.config.model_flows import AfterConfig, HookConfig
from doorward.flows.answers import Done, Navigate, Reread
from doorward.flows.codes_store import Recipient
from doorward.flows.contract import Effect, HookContext, Proceed, Veto
from doorward.flows.errors import RecoveryStartsAnew, RecoveryVetoed, SecurityCsrfViolation, SessionAlreadyAvailable
from doorward.flows.form import FormProblem
from doorward.flows.messages import Message
from doorward.flows.model import FlowKind, FlowType
from doorward.flows.recovery_plans import SendRecovery
from doorward.identities.events import EventKind
from doorward.identities.store import find_identity
from doorward.storage.contract import Params, Row, Transaction
from doorward.storage.dialect import Dialect
from flows_house import House, MakeHouse
from proof_house import letters, other_than, person, proving, said, shown

ADA, NOBODY = "ada@example.org", "nobody@example.org"
KIND = FlowKind.RECOVERY
TOLD = FeatureFlagsConfig(use_continue_with_transitions=True)


async def signed_up(house: House) -> UUID:
    done = await house.client(FlowType.API).sign_up(ADA)
    return UUID(done.body["identity"]["id"])


async def test_a_code_opens_a_session_and_the_settings(make_house: MakeHouse) -> None:
    house = await make_house(proving(flags=TOLD))
    identity_id = await signed_up(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    letter = (await letters(house))[-1]
    assert (letter.template, letter.recipient) == ("recovery_code_valid", ADA)
    answer = await ada.submit(flow, code=letter.code)
    assert isinstance(answer, Done)
    token, settings = answer.body["continue_with"]
    session = await house.sessions.find_live(house.database.reader, token["ory_session_token"])
    assert session is not None
    assert session.identity_id == identity_id
    assert [proof.method for proof in session.methods] == ["code_recovery"]
    row = await house.database.reader.fetch_one("SELECT id FROM flows WHERE kind = 'settings'")
    assert row is not None
    assert settings["flow"]["id"] == str(row["id"])
    identity = await find_identity(house.database.reader, identity_id)
    assert identity is not None
    assert identity.verifiable_addresses[0].verified
    assert [event.kind for event in house.recorder.events][-2:] == [
        EventKind.ADDRESS_VERIFIED,
        EventKind.SESSION_CREATED,
    ]


async def test_a_browser_is_sent_on_with_a_session_and_a_new_csrf_token(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    await signed_up(house)
    ada = person(house, KIND, FlowType.BROWSER, is_json=False)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    answer = await ada.submit(flow, code=(await letters(house))[-1].code)
    assert isinstance(answer, Navigate)
    assert answer.cookie is not None
    assert answer.csrf_cookie
    assert answer.csrf_cookie != ada.client.csrf


async def test_of_two_submits_at_once_one_gets_in(make_house: MakeHouse) -> None:
    house = await make_house(proving(flags=TOLD))
    await signed_up(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    code = (await letters(house))[-1].code
    before = await house.count("sessions")
    both = await asyncio.gather(ada.submit(flow, code=code), ada.submit(flow, code=code))
    assert sum(isinstance(each, Done) for each in both) == 1
    assert await house.count("sessions") == before + 1


async def test_a_code_works_once(make_house: MakeHouse) -> None:
    house = await make_house(proving(flags=TOLD))
    await signed_up(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    code = (await letters(house))[-1].code
    assert isinstance(await ada.submit(flow, code=code), Done)
    again = await ada.submit(flow, code=code)
    assert isinstance(again, Reread)
    assert isinstance(again.problem, RecoveryStartsAnew)
    assert [message.id for message in again.flow.ui.messages] == [4000001]


async def test_guesses_run_out_and_a_new_code_brings_none_back(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    await signed_up(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    code = (await letters(house))[-1].code
    for _ in range(4):
        assert said(await ada.submit(flow, code=other_than(code))) == [4060006]
    flow = shown(await ada.submit(flow, email=ADA))
    code = (await letters(house))[-1].code
    assert said(await ada.submit(flow, code=other_than(code))) == [4060006]
    before = await house.count("sessions")
    answer = await ada.submit(flow, code=code)
    assert isinstance(answer, Reread)
    assert [message.id for message in answer.flow.ui.messages] == [4000001]
    assert await house.count("sessions") == before


async def test_a_link_opens_once(make_house: MakeHouse) -> None:
    house = await make_house(proving("link"))
    await signed_up(house)
    ada = person(house, KIND, FlowType.BROWSER)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    token = (await letters(house))[-1].token
    assert isinstance(await ada.follow(flow, token=token), Navigate)
    again = await ada.follow(flow, token=token)
    assert isinstance(again, Reread)
    assert [message.id for message in again.flow.ui.messages] == [4060004]


async def test_the_link_that_an_app_has_asked_for_signs_the_browser_in(make_house: MakeHouse) -> None:
    house = await make_house(proving("link"))
    identity_id = await signed_up(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    answer = await ada.follow(flow, token=(await letters(house))[-1].token)
    assert isinstance(answer, Navigate)
    assert answer.cookie is not None
    assert answer.cookie.session.identity_id == identity_id
    row = await house.database.reader.fetch_one("SELECT type, csrf_token FROM flows WHERE kind = 'settings'")
    assert row is not None
    assert (row["type"], row["csrf_token"]) == ("browser", answer.csrf_cookie)


async def test_an_inactive_person_stays_out(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    identity_id = await signed_up(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), email=ADA))

    async def ban(tx: Transaction) -> None:
        await tx.execute("UPDATE identities SET state = 'inactive' WHERE id = :id", {"id": identity_id})

    await house.database.transaction(ban)
    before = await house.count("sessions")
    answer = await ada.submit(flow, code=(await letters(house))[-1].code)
    assert isinstance(answer, Reread)
    assert [message.id for message in answer.flow.ui.messages] == [4010011]
    assert await house.count("sessions") == before


async def test_a_stolen_form_is_refused_and_the_browser_gets_a_new_token(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    ada = person(house, KIND, FlowType.BROWSER)
    flow = await ada.start()
    with pytest.raises(SecurityCsrfViolation) as refused:
        await ada.submit(flow, email=ADA, csrf_token="")
    assert refused.value.csrf_cookie


async def test_nobody_recovers_who_is_signed_in(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    done = await house.client(FlowType.API).sign_up(ADA)
    session = await house.sessions.find_live(house.database.reader, done.body["session_token"])
    ada = person(house, KIND)
    ada.client.session = session
    with pytest.raises(SessionAlreadyAvailable):
        await ada.start()


async def test_unknown_addresses_are_answered_alike(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    await signed_up(house)
    known, unknown = person(house, KIND), person(house, KIND)
    for_ada = shown(await known.submit(await known.start(), email=ADA))
    for_nobody = shown(await unknown.submit(await unknown.start(), email=NOBODY))
    assert [m.id for m in for_ada.ui.messages] == [m.id for m in for_nobody.ui.messages]
    assert [(n.name, n.label) for n in for_ada.ui.nodes] == [(n.name, n.label) for n in for_nobody.ui.nodes]
    assert {letter.recipient for letter in await letters(house)} == {ADA}
    assert said(await unknown.submit(for_nobody, code="123456")) == [4060006]


class Counting:
    """A transaction that counts the statements that write."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.writes: list[str] = []

    @property
    def dialect(self) -> Dialect:
        return self._tx.dialect

    async def fetch_one(self, sql: str, params: Params | None = None) -> Row | None:
        return await self._tx.fetch_one(sql, params)

    async def fetch_all(self, sql: str, params: Params | None = None) -> list[Row]:
        return await self._tx.fetch_all(sql, params)

    async def execute(self, sql: str, params: Params | None = None) -> int:
        self.writes.append(sql)
        return await self._tx.execute(sql, params)

    async def execute_many(self, sql: str, rows: Sequence[Params]) -> None:
        self.writes.append(sql)
        await self._tx.execute_many(sql, rows)

    async def defer(self, sql: str, params: Params | None = None) -> None:
        self.writes.append(sql)
        await self._tx.defer(sql, params)

    def on_commit(self, callback: Any) -> None:
        self._tx.on_commit(callback)

    def wake(self, channel: str) -> None:
        self._tx.wake(channel)


async def test_nothing_less_is_done_for_an_unknown_address(make_house: MakeHouse) -> None:
    house = await make_house(proving())
    identity_id = await signed_up(house)
    owner = await find_identity(house.database.reader, identity_id)
    client = person(house, KIND)

    async def inserts(email: str, plan: SendRecovery) -> list[str]:
        async def write(tx: Transaction) -> list[str]:
            counting = Counting(tx)
            await plan.write(counting)
            return sorted(sql for sql in counting.writes if "DELETE" not in sql)

        return await house.database.transaction(write)

    tools = house.engine._rules[KIND]._tools  # type: ignore[attr-defined]
    made: Mapping[str, list[str]] = {
        email: await inserts(
            email,
            SendRecovery(tools, await client.start(), Recipient("email", email, identity_id), who, {}, ""),
        )
        for email, who in ((ADA, owner), (NOBODY, None))
    }
    assert made[ADA] == made[NOBODY]
    assert len(made[ADA]) > 5


@dataclass(frozen=True, slots=True)
class Objecting:
    """A target that lets nobody in."""

    effects: frozenset[Effect] = frozenset()

    async def run(self, context: HookContext) -> Proceed | Veto:
        return Veto((FormProblem(None, Message(1234, "Not today.", "error")),))


@pytest.mark.parametrize(("flags", "problem"), [(FeatureFlagsConfig(), type(None)), (TOLD, RecoveryVetoed)])
async def test_an_objection_uses_the_code_up_and_lets_nobody_in(
    make_house: MakeHouse, flags: FeatureFlagsConfig, problem: type[object]
) -> None:
    config = proving(flags=flags)
    hooks = AfterConfig(hooks=(HookConfig(hook="guard", path="selfservice.flows.recovery.after.hooks.0"),))
    flows = replace(config.selfservice.flows, recovery=replace(config.selfservice.flows.recovery, after=hooks))
    house = await make_house(replace(config, selfservice=replace(config.selfservice, flows=flows)))
    house.hooks.by_name["guard"] = Objecting()
    await signed_up(house)
    ada = person(house, KIND)
    flow = shown(await ada.submit(await ada.start(), email=ADA))
    before = await house.count("sessions")
    code = (await letters(house))[-1].code
    answer = await ada.submit(flow, code=code)
    assert isinstance(answer, Reread)
    assert [message.id for message in answer.flow.ui.messages] == [1234]
    assert isinstance(answer.problem, problem)
    assert await house.count("sessions") == before
    again = await ada.submit(flow, code=code)
    assert isinstance(again, Reread)
    assert [message.id for message in again.flow.ui.messages] == [4000001]
