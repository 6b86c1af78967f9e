"""Forms that take the place of expired ones: whether the hooks that run before a flow hear of them, as in Kratos."""

from dataclasses import dataclass, field, replace

import pytest

from doorward.config.model import Config
from doorward.config.model_flows import BeforeConfig, HookConfig
from doorward.flows.answers import Reread
from doorward.flows.contract import Detour, HookContext, Proceed, Veto, Wish
from doorward.flows.errors import SelfServiceFlowExpired
from doorward.flows.model import FlowKind
from flows_house import BASE, MakeHouse
from proof_house import Proving, person, proving

LOGIN = f"{BASE}self-service/login"


@dataclass
class Counting:
    """A target that is called and never objects."""

    seen: list[HookContext] = field(default_factory=list)
    effects: frozenset[Wish] = frozenset()

    async def run(self, context: HookContext) -> Proceed | Veto | Detour:
        self.seen.append(context)
        return Proceed()


def heard() -> Config:
    """The same hook before every kind of flow that anybody may start."""
    config = proving()
    before = BeforeConfig(hooks=(HookConfig(hook="web_hook", path="before.hooks.0"),))
    flows = config.selfservice.flows
    flows = replace(
        flows,
        login=replace(flows.login, before=before),
        recovery=replace(flows.recovery, before=before),
        verification=replace(flows.verification, before=before),
    )
    return replace(config, selfservice=replace(config.selfservice, flows=flows))


async def expired(make_house: MakeHouse, kind: FlowKind) -> tuple[Counting, Proving]:
    house, hook = await make_house(heard()), Counting()
    house.hooks.by_name["web_hook"] = hook
    return hook, person(house, kind)


@pytest.mark.parametrize("kind", [FlowKind.RECOVERY, FlowKind.VERIFICATION])
async def test_nobody_hears_of_a_proof_that_begins_anew(make_house: MakeHouse, kind: FlowKind) -> None:
    hook, ada = await expired(make_house, kind)
    flow = await ada.start()
    ada.house.clock.move(seconds=3601)
    answer = await ada.submit(flow, email="ada@example.org")
    assert isinstance(answer, Reread)
    assert [node.name for node in answer.flow.ui.nodes if node.name != "csrf_token"] == ["email", "method"]
    assert len(hook.seen) == 1


async def test_a_sign_in_that_begins_anew_is_heard_of(make_house: MakeHouse) -> None:
    hook, ada = await expired(make_house, FlowKind.LOGIN)
    flow = await ada.start(return_to="/welcome")
    ada.house.clock.move(seconds=3601)
    with pytest.raises(SelfServiceFlowExpired) as refused:
        await ada.submit(flow, method="password", identifier="ada@example.org", password="whatever-it-is-1")
    (_, seen) = hook.seen
    assert seen.values["request_url"] == seen.values["flow"]["request_url"] == f"{LOGIN}?flow={flow.id}"
    fresh = await ada.house.engine.fetch(FlowKind.LOGIN, str(refused.value.use_flow_id), ada.request({}))
    assert (fresh.flow.request_url, fresh.flow.return_to) == (f"{LOGIN}?return_to=/welcome", "/welcome")
