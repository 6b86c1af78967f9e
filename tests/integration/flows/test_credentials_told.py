"""`notify_credentials_changed`: the person hears of a changed way to sign in, where they could be reached before."""

from collections.abc import Sequence

import pytest

from doorward.config.model import Config
from doorward.config.model_flows import AfterConfig, HookConfig, HookList
from doorward.flows.answers import Done
from doorward.flows.model import FlowKind, FlowType
from doorward.hooks.effects import TELL_OF_CREDENTIALS
from doorward.storage.contract import Transaction
from flows_house import House, MakeHouse, configuration
from proof_house import Letter, letters
from settings_house import Person, person, settled

ADA = "ada@example.org"
NEW = "another-long-pass-phrase-7"
HOOK = "notify_credentials_changed"


def telling(*, hooks: Sequence[str] = (HOOK,)) -> Config:
    entries: HookList = tuple(HookConfig(hook=name, path=f"settings.hooks.{name}") for name in hooks)
    return settled(configuration("session", is_verified=True), after=AfterConfig(hooks=entries))


async def proved(make_house: MakeHouse, config: Config, *, is_proved: bool = True) -> tuple[House, Person]:
    """Somebody whose address is proved, or not."""
    house = await make_house(config)
    house.hooks.by_name[HOOK] = TELL_OF_CREDENTIALS
    ada = await person(house, ADA, FlowType.API)

    async def write(tx: Transaction) -> None:
        await tx.execute("UPDATE verifiable_addresses SET verified = :is", {"is": is_proved})

    await house.database.transaction(write)
    return house, ada


async def told(house: House) -> list[Letter]:
    return [each for each in await letters(house) if each.template == "credentials_changed"]


async def test_of_another_password(make_house: MakeHouse) -> None:
    house, ada = await proved(make_house, telling())
    assert isinstance(await ada.save(await ada.start(), method="password", password=NEW), Done)
    (letter,) = await told(house)
    assert letter.recipient == ADA
    assert letter.data["changed"] == ["password"]
    assert NEW not in str(letter.data)
    assert "hashed_password" not in str(letter.data)


async def test_of_backup_codes_and_not_of_looking_at_them(make_house: MakeHouse) -> None:
    house, ada = await proved(make_house, telling())
    flow = await ada.start()
    await ada.save(flow, method="lookup_secret", lookup_secret_regenerate=True)
    assert await told(house) == []
    codes = (await house.engine.fetch(FlowKind.SETTINGS, str(flow.id), ada.request({}))).flow
    assert isinstance(await ada.save(codes, method="lookup_secret", lookup_secret_confirm=True), Done)
    assert [each.data["changed"] for each in await told(house)] == [["lookup_secret"]]


async def test_not_of_traits(make_house: MakeHouse) -> None:
    house, ada = await proved(make_house, telling())
    changed = {"email": ADA, "name": {"first": "Ada"}}
    assert isinstance(await ada.save(await ada.start(), method="profile", traits=changed), Done)
    assert await told(house) == []


@pytest.mark.parametrize(("hooks", "is_proved"), [((), True), ((HOOK,), False)])
async def test_nobody_without_the_hook_and_no_address_that_was_never_proved(
    make_house: MakeHouse, hooks: Sequence[str], is_proved: bool
) -> None:
    house, ada = await proved(make_house, telling(hooks=hooks), is_proved=is_proved)
    assert isinstance(await ada.save(await ada.start(), method="password", password=NEW), Done)
    assert await told(house) == []


async def test_a_refused_change_tells_nobody(make_house: MakeHouse) -> None:
    house, ada = await proved(make_house, telling())
    assert not isinstance(await ada.save(await ada.start(), method="password", password="short"), Done)
    assert await told(house) == []
