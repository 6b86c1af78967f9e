"""One submit, one commit: what is stored, what each kind of client is answered, what leaves no trace."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from doorward.flows.answers import Done, MovedOn, Shown, Why
from doorward.flows.contract import Effect, HookContext, Proceed, Veto
from doorward.flows.errors import FailedAfterwards, SessionAlreadyAvailable, WebHookFailed
from doorward.flows.form import FormProblem
from doorward.flows.messages import Message
from doorward.flows.model import FlowType
from doorward.identities.store import find_identity
from doorward.ids import new_row_id
from doorward.outbox.states import State
from flows_house import UI, MakeHouse, configuration, form, messages

API, BROWSER = FlowType.API, FlowType.BROWSER
EVERYTHING = ("identities", "sessions", "events", "consent_receipts")


@dataclass
class Scripted:
    """A hook that says what a test wants it to say, and remembers what it was shown."""

    verdict: Proceed | Veto
    seen: list[HookContext] = field(default_factory=list)
    effects: frozenset[Effect] = frozenset()

    async def run(self, context: HookContext) -> Proceed | Veto:
        self.seen.append(context)
        return self.verdict


async def test_api_client_gets_token_and_identity(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    done = await house.client(API).sign_up("ada@example.org", name={"first": "Ada"})
    assert done.body["identity"]["traits"] == {"email": "ada@example.org", "name": {"first": "Ada"}}
    assert done.body["continue_with"] == [
        {"action": "set_ory_session_token", "ory_session_token": done.body["session_token"]}
    ]
    assert done.cookie is None
    assert done.csrf_cookie == ""
    session = await house.sessions.find_live(house.database.reader, done.body["session_token"])
    assert session is not None
    assert str(session.identity_id) == done.body["identity"]["id"]


async def test_page_application_gets_cookie_but_no_token(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    client = house.client(BROWSER)
    done = await client.sign_up("ada@example.org")
    assert "session_token" not in done.body
    assert done.body["continue_with"] == [
        {"action": "redirect_browser_to", "redirect_browser_to": f"{UI}/welcome"},
    ]
    assert done.cookie is not None
    assert done.csrf_cookie not in ("", client.csrf)


async def test_without_session_hook_the_session_is_stored_but_not_handed_out(make_house: MakeHouse) -> None:
    house = await make_house(configuration())
    done = await house.client(API).sign_up("ada@example.org")
    assert set(done.body) == {"identity", "continue_with"}
    assert await house.count("sessions") == 1


async def test_refused_sign_up_stores_nothing_but_the_form(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    await house.client(API).sign_up("ada@example.org")
    before = [await house.count(table) for table in EVERYTHING]
    client = house.client(API)
    answer = await client.submit(await client.start(), form("ADA@example.org"))
    assert messages(answer) == {"": [4000007]}
    assert [await house.count(table) for table in EVERYTHING] == before


async def test_a_taken_address_tells_how_to_get_in_where_hints_are_on(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session", login_hints=True))
    await house.client(API).sign_up("ada@example.org")
    before = [await house.count(table) for table in EVERYTHING]
    client = house.client(API)
    answer = await client.submit(await client.start(), form("ADA@example.org"))
    assert isinstance(answer, Shown)
    [told] = answer.body["ui"]["messages"]
    assert (told["id"], told["context"]) == (
        4000028,
        {
            "available_credential_types": ["password"],
            "available_oidc_providers": [],
            "credential_identifier_hint": "ada@example.org",
        },
    )
    assert [await house.count(table) for table in EVERYTHING] == before


async def test_of_many_at_once_one_gets_the_address(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    clients = [house.client(API) for _ in range(6)]
    shown = [await client.start() for client in clients]
    answers = await asyncio.gather(
        *(client.submit(form_, form("ada@example.org")) for client, form_ in zip(clients, shown, strict=True))
    )
    assert sum(isinstance(answer, Done) for answer in answers) == 1
    assert [messages(answer) for answer in answers if isinstance(answer, Shown)] == [{"": [4000007]}] * 5
    assert [await house.count(table) for table in EVERYTHING] == [1, 1, 1, 1]


async def test_event_and_rows_are_of_one_commit(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))

    async def full(*_args: Any) -> None:
        raise OSError("disk")

    client = house.client(API)
    shown = await client.start()
    original, house.recorder.record = house.recorder.record, full  # type: ignore[assignment, method-assign]
    with pytest.raises(OSError, match="disk"):
        await client.submit(shown, form("ada@example.org"))
    assert [await house.count(table) for table in EVERYTHING] == [0, 0, 0, 0]
    house.recorder.record = original  # type: ignore[method-assign]
    assert isinstance(await client.submit(shown, form("ada@example.org")), Done)


@pytest.mark.parametrize(("news", "granted"), [(True, True), (False, False), (None, False)])
async def test_receipt_says_what_was_shown_and_answered(make_house: MakeHouse, news: Any, granted: bool) -> None:
    house = await make_house(configuration("session"))
    client = house.client(API, headers={"accept-language": ("de, en;q=0.5",)})
    traits = {} if news is None else {"news": news}
    await client.sign_up("ada@example.org", **traits)
    row = await house.database.reader.fetch_one("SELECT * FROM consent_receipts")
    assert row is not None
    assert (bool(row["granted"]), row["purpose"], row["text"], row["version"], row["locale"], row["source"]) == (
        granted,
        "marketing",
        "Send me news by mail.",
        "3",
        "en",
        "flow",
    )


async def test_verification_begins_in_the_same_commit(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session", "show_verification_ui", is_verified=True))
    client = house.client(BROWSER, is_json=False)
    done = await client.sign_up("ada@example.org")
    row = await house.database.reader.fetch_one("SELECT * FROM flows WHERE kind = 'verification'")
    assert row is not None
    item = done.body["continue_with"][1]
    assert item["flow"]["id"] == str(row["id"])
    assert item["flow"]["url"] == done.location == f"{UI}/verification?flow={row['id']}"
    assert row["csrf_token"] == done.csrf_cookie
    assert done.body["identity"]["verifiable_addresses"][0]["status"] == "sent"


async def test_native_client_is_given_no_page(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session", "show_verification_ui", is_verified=True))
    done = await house.client(API).sign_up("ada@example.org")
    assert [item["action"] for item in done.body["continue_with"]] == ["show_verification_ui", "set_ory_session_token"]
    assert set(done.body["continue_with"][0]["flow"]) == {"id", "verifiable_address"}


async def test_event_knows_flow_and_request_but_no_secrets(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    client = house.client(BROWSER, headers={"user-agent": ("Mozilla",)}, cookies={"hubspotutk": "visitor"})
    shown = await client.start()
    await client.submit(shown, {**form("ada@example.org"), "transient_payload": {"campaign": "spring"}})
    (event,) = house.recorder.events
    context = event.cause.context
    assert context["flow"]["transient_payload"] == {"campaign": "spring"}
    assert "active" not in context["flow"]
    assert context["request_method"] == "POST"
    assert context["request_headers"] == {"User-Agent": ["Mozilla"]}
    assert context["request_cookies"] == {"hubspotutk": "visitor"}
    assert client.csrf not in str(context)
    assert event.cause.flow_id == shown.flow.id


async def test_veto_shows_its_messages_and_stores_nothing(make_house: MakeHouse) -> None:
    house = await make_house(configuration("doorkeeper", "session"))
    problem = FormProblem("traits.email", Message(77, "Not you.", "error"))
    general = FormProblem(None, Message(78, "Nor anybody.", "info"))
    house.hooks.by_name["doorkeeper"] = hook = Scripted(Veto((problem, general)))
    client = house.client(API)
    answer = await client.submit(await client.start(), form("ada@example.org"))
    assert messages(answer) == {"traits.email": [77], "": [78]}
    assert await house.count("identities") == 0
    assert hook.seen[0].values["identity"]["traits"]["email"] == "ada@example.org"


async def test_patch_is_stored_and_seen_by_the_next_hook(make_house: MakeHouse) -> None:
    house = await make_house(configuration("first", "second", "session"))
    traits = {"email": "ada@example.com", "name": {"first": "Augusta"}}
    house.hooks.by_name["first"] = Scripted(Proceed({"traits": traits, "metadata_public": {"tier": 1}}))
    house.hooks.by_name["second"] = second = Scripted(Proceed())
    done = await house.client(API).sign_up("ada@example.org")
    assert second.seen[0].values["identity"]["traits"] == traits
    stored = await find_identity(
        house.database.reader, UUID(second.seen[0].values["identity"]["id"]), with_credentials=True
    )
    assert stored is not None
    assert stored.traits == traits
    assert stored.metadata_public == {"tier": 1}
    assert stored.credentials["password"].identifiers == ("ada@example.com",)
    assert done.body["identity"]["metadata_public"] == {"tier": 1}


async def test_a_vetoed_form_shows_what_the_hooks_in_front_made_of_it(make_house: MakeHouse) -> None:
    house = await make_house(configuration("first", "second", "session"))
    traits = {"email": "ada@example.com", "name": {"first": "Augusta"}}
    house.hooks.by_name["first"] = Scripted(Proceed({"traits": traits}))
    house.hooks.by_name["second"] = Scripted(Veto((FormProblem(None, Message(77, "Not you.", "error")),)))
    client = house.client(API)
    answer = await client.submit(await client.start(), form("ada@example.org", name={"first": "Ada"}))
    assert messages(answer) == {"": [77]}
    assert isinstance(answer, Shown)
    values = {each["attributes"]["name"]: each["attributes"].get("value") for each in answer.body["ui"]["nodes"]}
    assert (values["traits.email"], values["traits.name.first"]) == ("ada@example.com", "Augusta")


async def test_patch_that_the_schema_refuses_is_shown(make_house: MakeHouse) -> None:
    house = await make_house(configuration("first", "session"))
    house.hooks.by_name["first"] = Scripted(Proceed({"traits": {"email": "broken"}}))
    client = house.client(API)
    answer = await client.submit(await client.start(), form("ada@example.org"))
    assert messages(answer) == {"traits.email": [4000040, 4000001]}


async def test_identity_that_a_hook_made_inactive_is_stored_but_not_signed_in(make_house: MakeHouse) -> None:
    house = await make_house(configuration("first", "session"))
    house.hooks.by_name["first"] = Scripted(Proceed({"state": "inactive"}))
    client = house.client(API)
    answer = await client.submit(await client.start(), form("ada@example.org"))
    assert messages(answer) == {"": [4010011]}
    assert (await house.count("identities"), await house.count("sessions")) == (1, 0)


@pytest.mark.parametrize("state", [State.DELIVERED, State.SKIPPED])
async def test_awaited_delivery_that_arrived(make_house: MakeHouse, state: State) -> None:
    house = await make_house(configuration("session"))
    delivery = new_row_id()
    house.recorder.awaited, house.waiter.states = (delivery,), {delivery: state}
    assert (await house.client(API).sign_up("ada@example.org")).body["session_token"]


@pytest.mark.parametrize("state", [State.RETRYABLE, State.DEAD, None])
async def test_awaited_delivery_that_failed_is_an_error_but_the_person_is_kept(
    make_house: MakeHouse, state: State | None
) -> None:
    house = await make_house(configuration("session"))
    delivery = new_row_id()
    house.recorder.awaited, house.waiter.states = (delivery,), {delivery: state} if state else {}
    client = house.client(BROWSER)
    with pytest.raises(FailedAfterwards) as caught:
        await client.submit(await client.start(), form("ada@example.org"))
    assert isinstance(caught.value.error, WebHookFailed)
    # Its verification form is for the browser that holds the new token.
    assert caught.value.csrf_cookie not in ("", client.csrf)
    assert (await house.count("identities"), await house.count("events")) == (1, 1)


async def test_who_is_signed_in_need_not_sign_up(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    done = await house.client(BROWSER).sign_up("ada@example.org")
    assert done.cookie is not None
    page = house.client(BROWSER, is_json=False)
    shown = await page.start()
    page.session = done.cookie.session
    assert await house.engine.start(shown.flow.kind, BROWSER, page.request({})) == MovedOn(f"{UI}/welcome")
    assert await page.submit(shown, form("eve@example.org")) == MovedOn(f"{UI}/welcome")
    page.is_json = True
    with pytest.raises(SessionAlreadyAvailable):
        await page.submit(shown, form("eve@example.org"))
    assert await house.count("identities") == 1


async def test_nothing_that_was_typed_stays_in_the_form(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    client = house.client(API)
    shown = await client.start()
    await client.submit(shown, form("ada@example.org", name={"first": "Ada"}))
    row = await house.database.reader.fetch_one("SELECT ui FROM flows")
    assert row is not None
    assert "ada@example.org" not in str(row["ui"])
    assert (await client.fetch(shown)).body["ui"] == shown.body["ui"]


async def test_two_steps_and_back(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session", style="profile_first"))
    client = house.client(API)
    shown = await client.start()
    traits = {"email": "ada@example.org", "name": {"first": "Ada"}}
    first = await client.submit(shown, {"method": "profile", "traits": traits, "transient_payload": {"a": 1}})
    assert isinstance(first, Shown)
    assert first.why is Why.CHALLENGED
    assert messages(first) == {"": [1040009]}
    nodes = {node["attributes"]["name"]: node["attributes"] for node in first.body["ui"]["nodes"]}
    assert nodes["traits.name.first"] | {"type": "hidden", "value": "Ada"} == nodes["traits.name.first"]
    assert nodes["screen"]["value"] == "previous"
    back = await client.submit(first, {"screen": "previous", "traits": traits})
    assert isinstance(back, Shown)
    assert back.body["ui"]["nodes"][1]["attributes"]["type"] == "email"
    again = await client.submit(back, {"method": "profile", "traits": traits, "transient_payload": {"a": 2}})
    done = await client.submit(shown, {**form("ada@example.org"), "traits": traits})
    assert isinstance(again, Shown)
    assert isinstance(done, Done)
    assert house.recorder.events[0].cause.context["flow"]["transient_payload"] == {"a": 2}
