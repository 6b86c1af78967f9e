"""Forms of signing in that outlived their time, on both databases: replaced for strangers, told in place otherwise."""

import pytest

from doorward.flows.errors import SelfServiceFlowExpired
from doorward.flows.model import FlowKind, FlowType
from flows_house import PASSWORD, MakeHouse, configuration
from proof_house import person as visitor
from proof_house import said, shown
from settings_house import Person, person

ADA = "ada@example.org"


async def test_a_stranger_gets_a_new_form(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    stranger = visitor(house, FlowKind.LOGIN)
    old = await stranger.start()
    house.clock.move(hours=2)
    with pytest.raises(SelfServiceFlowExpired) as gone:
        await stranger.submit(old, method="password", identifier=ADA, password=PASSWORD)
    assert gone.value.use_flow_id not in (None, old.id)


@pytest.mark.parametrize("type_", FlowType)
async def test_who_is_signed_in_hears_it_in_the_same_form(make_house: MakeHouse, type_: FlowType) -> None:
    house = await make_house(configuration("session"))
    ada = await person(house, ADA, type_)
    login = Person(house, FlowKind.LOGIN, ada.client, ada.issued)
    old = await login.start(refresh="true")
    flows = await house.count("flows")
    house.clock.move(hours=2)
    answer = await login.submit(old, method="password", identifier=ADA, password=PASSWORD)
    assert (shown(answer).id, said(answer)) == (old.id, [4000001])
    assert await house.count("flows") == flows
    assert (await login.look()).authenticated_at == ada.issued.session.authenticated_at
