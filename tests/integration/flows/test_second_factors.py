"""Authenticator apps and backup codes, on both databases: linked, asked for, used once, taken away."""

import asyncio
from typing import Any

import orjson
import pytest

from doorward.flows.answers import Answer, Done, Shown
from doorward.flows.errors import SessionAal2Required, UnreadableSubmission
from doorward.flows.model import Flow, FlowKind, FlowType
from doorward.security.one_time_password import Totp, read_totp, totp_url
from flows_house import House, MakeHouse
from proof_house import said, shown
from settings_house import Person, node, on, person, settled


def told(flow: Flow, name: str) -> dict[str, Any]:
    """The message of a node that tells something."""
    return dict(flow.secret_nodes[name].attributes["text"])


def app_of(flow: Flow) -> Totp:
    """An authenticator app that was shown the secret of a settings form."""
    secret = told(flow, "totp_secret_key")["context"]["secret"]
    app = read_totp(totp_url(secret, "Tests", "ada"))
    assert app is not None
    return app


def code_of(house: House, app: Totp, periods: int = 0) -> str:
    return app.code(int(house.clock.now().timestamp()) // 30 + periods)


async def linked(house: House, ada: Person) -> Totp:
    flow = await ada.start()
    app = app_of(flow)
    assert isinstance(await ada.save(flow, method="totp", totp_code=code_of(house, app)), Done)
    return app


async def another_device(house: House, ada: Person) -> Person:
    """A second client of the same person, at the first level."""
    login = Person(house, FlowKind.LOGIN, house.client(ada.client.type_), ada.issued)
    email = str((await ada.identity()).traits["email"])
    done = await login.submit(
        await login.start(), method="password", identifier=email, password="correct-horse-9-battery"
    )
    assert isinstance(done, Done)
    session = await house.sessions.find_live(house.database.reader, str(done.body["session_token"]))
    login.client.session = session
    return login


async def prove(login: Person, **fields: Any) -> Answer:
    return await login.submit(await login.start(aal="aal2"), **fields)


async def test_an_app_is_linked_by_its_first_code_and_raises_the_session(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org")
    flow, other = await ada.start(), await ada.start()
    assert str(flow.secret_nodes["totp_qr"].attributes["src"]).startswith("data:image/png;base64,")
    wrong = code_of(house, app_of(other))
    assert on(await ada.save(flow, method="totp", totp_code=wrong), "totp_code") == [4000008]
    assert on(await ada.save(flow, method="totp"), "totp_code") == [4000002]
    assert isinstance(await ada.save(flow, method="totp", totp_code=code_of(house, app_of(flow))), Done)
    session = await ada.look()
    assert (session.aal, [each.method for each in session.methods]) == ("aal2", ["password", "totp"])
    assert node(await ada.start(), "totp_unlink").attributes["value"] == "true"
    config = (await ada.identity()).credentials["totp"].config
    assert "otpauth" not in orjson.dumps(dict(config)).decode()


async def test_what_is_linked_has_to_be_shown_elsewhere(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org")
    await linked(house, ada)
    elsewhere = await another_device(house, ada)
    there = Person(house, FlowKind.SETTINGS, elsewhere.client, elsewhere.issued)
    with pytest.raises(SessionAal2Required) as refused:
        await there.start()
    assert refused.value.redirect_browser_to.endswith("/self-service/login/browser?aal=aal2")


async def test_a_code_signs_in_once(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org")
    app = await linked(house, ada)
    devices = [await another_device(house, ada) for _ in range(3)]
    code = code_of(house, app)
    answers = await asyncio.gather(*(prove(each, method="totp", totp_code=code) for each in devices[:2]))
    assert sorted(type(each).__name__ for each in answers) == ["Done", "Shown"]
    refused = next(each for each in answers if isinstance(each, Shown))
    assert said(refused) == [4000008]
    house.clock.move(seconds=30)
    assert isinstance(await prove(devices[2], method="totp", totp_code=code_of(house, app)), Done)


async def test_a_code_of_too_few_characters(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org")
    await linked(house, ada)
    device = await another_device(house, ada)
    assert on(await prove(device, method="totp", totp_code="12345"), "totp_code") == [4000003]
    assert said(await prove(device, method="totp", totp_code="123 56")) == [4000008]


async def test_an_app_is_taken_away(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org")
    await linked(house, ada)
    with pytest.raises(UnreadableSubmission):
        await ada.save(await ada.start(), totp_unlink="yes")
    assert isinstance(await ada.save(await ada.start(), method="totp", totp_unlink=False), Done)
    assert "totp" in (await ada.identity()).credentials
    assert isinstance(await ada.save(await ada.start(), totp_unlink=True), Done)
    assert "totp" not in (await ada.identity()).credentials
    assert (await ada.look()).aal == "aal2"
    assert said(await prove(await another_device(house, ada), method="totp", totp_code="000000")) == [4000011]


def codes_in(answer: Answer) -> list[str]:
    secrets = told(shown(answer), "lookup_secret_codes")["context"]["secrets"]
    return [each["context"].get("secret", "") for each in secrets]


async def test_backup_codes_count_once_they_are_confirmed(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org")
    flow = await ada.start()
    assert said(await ada.save(flow, lookup_secret_confirm=True)) == [4000001]
    codes = codes_in(await ada.save(flow, lookup_secret_regenerate=True))
    assert "lookup_secret" not in (await ada.identity()).credentials
    assert isinstance(await ada.save(flow, lookup_secret_confirm=True), Done)
    assert (await ada.look()).aal == "aal2"
    stored = orjson.dumps(dict((await ada.identity()).credentials["lookup_secret"].config)).decode()
    assert not any(each in stored for each in codes)
    devices = [await another_device(house, ada) for _ in range(4)]
    assert said(await prove(devices[0], method="lookup_secret", lookup_secret=codes[0].upper())) == [4000016]
    answers = await asyncio.gather(
        *(prove(each, method="lookup_secret", lookup_secret=codes[0]) for each in devices[:3])
    )
    assert [isinstance(each, Done) for each in answers].count(True) == 1
    assert said(await prove(devices[3], method="lookup_secret", lookup_secret=codes[0])) == [4000012]
    shown_again = codes_in(await ada.save(await ada.start(), lookup_secret_reveal=True))
    assert shown_again == ["", *codes[1:]]
    assert isinstance(await ada.save(await ada.start(), lookup_secret_disable=True), Done)
    assert said(await prove(devices[3], method="lookup_secret", lookup_secret=codes[1])) == [4000014]


async def test_another_change_drops_codes_that_were_not_confirmed(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org")
    flow = await ada.start()
    await ada.save(flow, lookup_secret_regenerate=True)
    await ada.save(flow, method="profile", traits={"email": "ada@example.org"})
    assert said(await ada.save(flow, lookup_secret_confirm=True)) == [4000001]
    assert FlowType.API is flow.type


async def test_what_a_form_shows_in_secret_is_stored_sealed(make_house: MakeHouse) -> None:
    house = await make_house(settled())
    ada = await person(house, "ada@example.org")
    flow = await ada.start()
    secret = told(flow, "totp_secret_key")["context"]["secret"]
    codes = codes_in(await ada.save(flow, lookup_secret_regenerate=True))
    rows = await house.database.reader.fetch_all("SELECT ui, internal, extra FROM flows")
    stored = "".join(str(dict(row)) for row in rows)
    assert "lookup_secret_codes" in stored
    assert not any(each in stored for each in (secret, "otpauth", "data:image", *codes))
    again = await house.engine.fetch(FlowKind.SETTINGS, str(flow.id), ada.request({}))
    assert codes_in(again) == codes
    assert told(again.flow, "totp_secret_key")["context"]["secret"] == secret


async def test_somebody_elses_form_says_first_that_a_factor_is_missing(make_house: MakeHouse) -> None:
    house = await make_house(settled(required_aal="highest_available"))
    ada, eve = await person(house, "ada@example.org"), await person(house, "eve@example.org")
    flow = await ada.start()
    low = eve.client.session
    await linked(house, eve)
    eve.client.session = low
    for _ in range(2):
        with pytest.raises(SessionAal2Required):
            await eve.save(flow, method="password", password="staple-7-paperclip-moon")
        house.clock.move(hours=2)
