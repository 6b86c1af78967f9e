"""A settings form in somebody else's hands: whether it has expired is asked before whose it is (as in Kratos)."""

import pytest

from doorward.flows.errors import SecurityIdentityMismatch, SelfServiceFlowExpired
from doorward.flows.model import FlowType
from flows_house import MakeHouse
from settings_house import person, settled

LATER = 2 * 3600


@pytest.mark.parametrize("type_", [FlowType.API, FlowType.BROWSER])
async def test_one_that_expired_is_replaced_by_ones_own(make_house: MakeHouse, type_: FlowType) -> None:
    house = await make_house(settled())
    ada, eve = await person(house, "ada@example.org", type_), await person(house, "eve@example.org", type_)
    flow = await ada.start()
    with pytest.raises(SecurityIdentityMismatch):
        await eve.save(flow, method="password", password="staple-7-paperclip-moon")
    house.clock.move(seconds=LATER)
    with pytest.raises(SelfServiceFlowExpired) as expired:
        await eve.save(flow, method="password", password="staple-7-paperclip-moon")
    row = await house.database.reader.fetch_one(
        "SELECT identity_id FROM flows WHERE id = :id", {"id": expired.value.use_flow_id}
    )
    assert row is not None
    assert str(row["identity_id"]) == str((await eve.identity()).id)
