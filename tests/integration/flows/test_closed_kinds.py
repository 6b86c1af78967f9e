"""Recovery and verification that are switched off, or whose method is."""

from dataclasses import replace

import pytest

from doorward.config.model import Config
from doorward.config.model_flows import MethodConfig
from doorward.errors import InvalidInput
from doorward.flows.errors import RecoveryClosed, VerificationClosed
from doorward.flows.model import FlowKind, FlowType
from flows_house import MakeHouse
from proof_house import person, proving

BOTH = [(FlowKind.RECOVERY, RecoveryClosed), (FlowKind.VERIFICATION, VerificationClosed)]
NOBODYS = "11111111-1111-4111-8111-111111111111"


def closed(config: Config) -> Config:
    flows = config.selfservice.flows
    flows = replace(
        flows,
        recovery=replace(flows.recovery, enabled=False),
        verification=replace(flows.verification, enabled=False),
    )
    return replace(config, selfservice=replace(config.selfservice, flows=flows))


@pytest.mark.parametrize(("kind", "error"), BOTH)
async def test_a_closed_kind_says_so_before_it_looks_for_a_form(
    make_house: MakeHouse, kind: FlowKind, error: type[InvalidInput]
) -> None:
    house = await make_house(closed(proving()))
    with pytest.raises(error):
        await person(house, kind).start()
    with pytest.raises(error):
        await house.engine.fetch(kind, NOBODYS, house.client(FlowType.API).request({}))


@pytest.mark.parametrize(("kind", "error"), BOTH)
async def test_a_kind_whose_method_is_off_does_not_start(
    make_house: MakeHouse, kind: FlowKind, error: type[InvalidInput]
) -> None:
    config = proving()
    methods = {**config.selfservice.methods, "code": MethodConfig(enabled=False)}
    house = await make_house(replace(config, selfservice=replace(config.selfservice, methods=methods)))
    with pytest.raises(InvalidInput, match="code is switched off") as caught:
        await person(house, kind).start()
    assert not isinstance(caught.value, error)
