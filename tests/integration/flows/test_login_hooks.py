"""What hooks do to a sign-in, on both databases: sessions ended, codes sent, people kept out, answers changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

import pytest

from doorward.config.model import Config, FeatureFlagsConfig
from doorward.config.model_flows import AfterConfig, AfterMethodConfig, HookConfig, LoginFlow
from doorward.flows.answers import Answer, Diverted, Done
from doorward.flows.contract import Detour, HookContext, Proceed, Veto, Wish
from doorward.flows.form import FormProblem
from doorward.flows.messages import Message
from doorward.flows.model import Flow, FlowKind, FlowType
from doorward.hooks.effects import REVOKE_OTHERS, START_VERIFICATION
from doorward.hooks.require_verified_address import InvalidConfiguration, RequireVerifiedAddress
from doorward.identities.events import EventKind
from doorward.storage.contract import Transaction
from flows_house import PASSWORD, UI, House, MakeHouse, configuration
from proof_house import letters, said
from settings_house import Person, person

ADA = "ada@example.org"


@dataclass
class Scripted:
    """Says what it is told to, and keeps what it saw."""

    verdict: Proceed | Veto = field(default_factory=Proceed)
    effects: frozenset[Wish] = frozenset()
    seen: list[HookContext] = field(default_factory=list)

    async def run(self, context: HookContext) -> Proceed | Veto | Detour:
        self.seen.append(context)
        return self.verdict


NO = Veto((FormProblem(None, Message(9, "no", "error", None)),))


def with_login(*hooks: str, flags: FeatureFlagsConfig | None = None, is_verified: bool = True) -> Config:
    config = configuration("session", is_verified=is_verified)
    entries = tuple(HookConfig(hook=name, path=f"login.hooks.{name}") for name in hooks)
    after = AfterConfig(methods={"password": AfterMethodConfig(hooks=entries)})
    flows = replace(config.selfservice.flows, login=LoginFlow(ui_url=f"{UI}/login", after=after))
    made = replace(config, selfservice=replace(config.selfservice, flows=flows))
    return made if flags is None else replace(made, feature_flags=flags)


async def housed(
    make_house: MakeHouse, hooks: Sequence[str], *, flags: FeatureFlagsConfig | None = None, is_verified: bool = True
) -> House:
    house = await make_house(with_login(*hooks, flags=flags, is_verified=is_verified))
    house.hooks.by_name |= {
        "revoke_active_sessions": REVOKE_OTHERS,
        "verification": START_VERIFICATION,
        "require_verified_address": RequireVerifiedAddress(),
    }
    return house


async def signs_in(house: House, ada: Person, type_: FlowType = FlowType.API, **query: str) -> tuple[Flow, Answer]:
    """With the password; somebody new, unless the query says otherwise."""
    client = ada.client if query else house.client(type_)
    login = Person(house, FlowKind.LOGIN, client, ada.issued)
    flow = await login.start(**query)
    return flow, await login.submit(
        flow, method="password", identifier=ADA, password=PASSWORD, transient_payload={"from": "login"}
    )


async def add_address(tx: Transaction, ada: Person, value: str) -> None:
    """Another one that is not proved, beside what the traits say."""
    await tx.execute(
        """
        INSERT INTO verifiable_addresses (id, identity_id, via, value, verified, status, created_at, updated_at)
        VALUES (:id, :identity_id, 'email', :value, FALSE, 'pending', :now, :now)
        """,
        {"id": uuid4(), "identity_id": ada.issued.session.identity_id, "value": value, "now": ada.house.clock.now()},
    )


async def is_live(house: House, ada: Person) -> bool:
    return await house.sessions.find_live(house.database.reader, ada.issued.token) is not None


async def test_other_sessions_end_with_a_sign_in(make_house: MakeHouse) -> None:
    house = await housed(make_house, ["revoke_active_sessions"])
    ada = await person(house, ADA)
    _, answer = await signs_in(house, ada)
    assert isinstance(answer, Done)
    assert not await is_live(house, ada)
    assert await house.sessions.find_live(house.database.reader, answer.body["session_token"]) is not None


async def test_a_refused_sign_in_ends_nothing(make_house: MakeHouse) -> None:
    house = await housed(make_house, ["revoke_active_sessions", "web_hook"])
    house.hooks.by_name["web_hook"] = Scripted(NO)
    ada = await person(house, ADA)
    _, answer = await signs_in(house, ada)
    assert said(answer) == [9]
    assert await is_live(house, ada)
    assert await house.count("sessions") == 1


async def test_the_session_that_is_renewed_stays(make_house: MakeHouse) -> None:
    house = await housed(make_house, ["revoke_active_sessions"])
    ada = await person(house, ADA)
    _, answer = await signs_in(house, ada, refresh="true")
    assert isinstance(answer, Done)
    assert await is_live(house, ada)


async def test_actions_of_the_flow_hear_of_a_renewed_session_too(make_house: MakeHouse) -> None:
    house = await housed(make_house, [])
    ada = await person(house, ADA)
    await signs_in(house, ada)
    await signs_in(house, ada, refresh="true")
    kinds = [each.kind for each in house.recorder.events if each.cause.flow_kind == "login"]
    assert kinds == [EventKind.SESSION_CREATED, EventKind.SESSION_RAISED]


async def test_who_has_proved_no_address_gets_a_code_and_no_session(make_house: MakeHouse) -> None:
    house = await housed(make_house, ["require_verified_address"])
    ada = await person(house, ADA)
    sessions, sent = await house.count("sessions"), len(await letters(house))
    for attempt in (1, 2):
        _, answer = await signs_in(house, ada)
        assert isinstance(answer, Diverted)
        (item,) = answer.problem.details["continue_with"]
        assert item["flow"]["url"] == answer.location
        assert item["flow"]["verifiable_address"] == ADA
        assert len(await letters(house)) == sent + attempt
    assert await house.count("sessions") == sessions
    assert [each.status for each in (await ada.identity()).verifiable_addresses] == ["sent"]


async def test_who_has_proved_an_address_passes(make_house: MakeHouse) -> None:
    house = await housed(make_house, ["require_verified_address"])
    ada = await person(house, ADA)
    await house.database.transaction(
        lambda tx: tx.execute("UPDATE verifiable_addresses SET verified = TRUE, status = 'completed'")
    )
    _, answer = await signs_in(house, ada)
    assert isinstance(answer, Done)


async def test_the_older_way_only_says_so(make_house: MakeHouse) -> None:
    house = await housed(make_house, ["require_verified_address"])
    house.hooks.by_name["require_verified_address"] = RequireVerifiedAddress(is_legacy=True)
    ada = await person(house, ADA)
    sent = len(await letters(house))
    _, answer = await signs_in(house, ada)
    assert said(answer) == [4000010]
    assert len(await letters(house)) == sent


async def test_somebody_without_any_address_is_a_mistake_of_the_operator(make_house: MakeHouse) -> None:
    house = await housed(make_house, ["require_verified_address"])
    ada = await person(house, ADA)
    await house.database.transaction(lambda tx: tx.execute("DELETE FROM verifiable_addresses"))
    with pytest.raises(InvalidConfiguration):
        await signs_in(house, ada)


@pytest.mark.parametrize("type_", list(FlowType))
async def test_a_code_is_sent_and_the_place_to_type_it_shown(make_house: MakeHouse, type_: FlowType) -> None:
    house = await housed(make_house, ["verification", "show_verification_ui"])
    ada = await person(house, ADA)
    sent = len(await letters(house))
    _, answer = await signs_in(house, ada, type_)
    assert isinstance(answer, Done)
    assert len(await letters(house)) == sent + 1
    item = answer.body["continue_with"][-1]
    assert item["action"] == "show_verification_ui"
    assert ("url" in item["flow"]) == (type_ is FlowType.BROWSER)
    if type_ is FlowType.BROWSER:
        assert answer.location == item["flow"]["url"]


async def test_a_code_is_sent_where_verification_is_off(make_house: MakeHouse) -> None:
    house = await housed(make_house, ["verification"], is_verified=False)
    ada = await person(house, ADA)
    await signs_in(house, ada)
    assert [each.recipient for each in await letters(house)] == [ADA]


async def test_a_browser_gets_a_new_csrf_token_with_a_verification(make_house: MakeHouse) -> None:
    house = await housed(make_house, ["verification"])
    ada = await person(house, ADA, FlowType.BROWSER)
    answers = [(await signs_in(house, ada, FlowType.BROWSER, refresh="true"))[1]]
    await house.database.transaction(lambda tx: tx.execute("UPDATE verifiable_addresses SET verified = TRUE"))
    answers.append((await signs_in(house, ada, FlowType.BROWSER, refresh="true"))[1])
    assert [isinstance(each, Done) and each.csrf_cookie != "" for each in answers] == [True, False]


async def test_an_address_that_a_target_takes_for_unproved_is_proved_first(make_house: MakeHouse) -> None:
    house = await housed(make_house, ["web_hook", "require_verified_address"])
    patch = {"verifiable_addresses": [{"via": "email", "value": ADA, "verified": False}]}
    house.hooks.by_name["web_hook"] = Scripted(Proceed(patch))
    ada = await person(house, ADA)
    await house.database.transaction(
        lambda tx: tx.execute("UPDATE verifiable_addresses SET verified = TRUE, status = 'completed'")
    )
    sent = len(await letters(house))
    _, answer = await signs_in(house, ada)
    assert isinstance(answer, Diverted)
    assert len(await letters(house)) == sent + 1


async def test_of_several_addresses_the_last_is_shown_and_named_twice_in_the_older_way(make_house: MakeHouse) -> None:
    flags = FeatureFlagsConfig(legacy_continue_with_verification_ui=True)
    house = await housed(make_house, ["verification", "show_verification_ui"], flags=flags)
    ada = await person(house, ADA)
    await house.database.transaction(lambda tx: add_address(tx, ada, "second@example.org"))
    _, answer = await signs_in(house, ada, FlowType.BROWSER)
    assert isinstance(answer, Done)
    _, *items = answer.body["continue_with"]
    named = [each["flow"]["verifiable_address"] for each in items]
    assert (len(named), named[-1]) == (3, named[-2])
    assert answer.location == items[-1]["flow"]["url"]


async def test_without_a_verification_there_is_nothing_to_show(make_house: MakeHouse) -> None:
    house = await housed(make_house, ["show_verification_ui"])
    ada = await person(house, ADA)
    _, answer = await signs_in(house, ada)
    assert isinstance(answer, Done)
    assert answer.body["continue_with"] is None


async def test_a_patch_is_shown_and_never_stored(make_house: MakeHouse) -> None:
    house = await housed(make_house, ["web_hook", "later"])
    patch = {"traits": {"email": ADA, "name": {"first": "Ada"}}, "state": "inactive"}
    later = Scripted()
    house.hooks.by_name |= {"web_hook": Scripted(Proceed(patch)), "later": later}
    ada = await person(house, ADA)
    _, answer = await signs_in(house, ada)
    assert isinstance(answer, Done)
    shown = answer.body["session"]
    assert shown["identity"]["traits"] == patch["traits"]
    assert (shown["identity"]["state"], shown["active"]) == ("inactive", False)
    assert later.seen[0].values["identity"]["traits"] == patch["traits"]
    assert (await ada.identity()).traits == {"email": ADA, "name": {}}
    assert (await ada.identity()).is_active


async def test_a_hook_behind_the_verification_sees_that_it_has_begun(make_house: MakeHouse) -> None:
    house = await housed(make_house, ["before", "verification", "web_hook"], is_verified=False)
    house.hooks.by_name |= {"before": (before := Scripted()), "web_hook": (behind := Scripted())}
    ada = await person(house, ADA)
    await signs_in(house, ada)
    statuses = [
        [each["status"] for each in hook.seen[0].values["identity"]["verifiable_addresses"]]
        for hook in (before, behind)
    ]
    assert statuses == [["pending"], ["sent"]]


async def test_hooks_see_what_the_client_passes_on(make_house: MakeHouse) -> None:
    house = await housed(make_house, ["web_hook"])
    hook = Scripted()
    house.hooks.by_name["web_hook"] = hook
    ada = await person(house, ADA)
    await signs_in(house, ada)
    assert hook.seen[0].values["flow"]["transient_payload"] == {"from": "login"}
    assert house.recorder.events[-1].cause.context["flow"]["transient_payload"] == {"from": "login"}
