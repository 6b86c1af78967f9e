"""After the death: everybody starts again, all settles, and the witnesses are heard."""

from collections import Counter
from collections.abc import Mapping

from .exhaustive_forks import Forked, Stuck, until
from .exhaustive_world import World
from .verifier import judge
from .violations import Facts

LATER = "p8"
"""Who signs up while the process dies, and asks again if no answer came."""
JUMP_S = 300
"""How far the clock is moved after a death, so that no lease and no leadership of the dead is waited for."""
SETTLE_S = 120.0
ENDED = frozenset({"delivered", "skipped"})
LEDGER = "schema_migrations"


def wait_settled(world: World, process: Forked) -> None:
    """Until nothing is open any more, or the process is dead. Raises Stuck."""
    until("the deliveries", lambda: process.poll() is not None or world.store.count_open() == 0, SETTLE_S)


def finish(world: World, _prepared: Mapping[str, World]) -> list[str]:
    """Starts again, lets clients ask again where no answer came, lets all settle; what is wrong then."""
    for each in world.running[1:]:
        each.kill()
    world.store.move_clock(2 * JUMP_S)
    server = world.serve()
    world.wait_ready(server)
    if (acts := world.history.get(LATER)) and acts[-1].verdict in {"unknown", "no"}:
        world.sign_up(LATER, agrees=True)
    wait_settled(world, server)
    if server.poll() is not None:
        raise Stuck(f"the server that was started again ended with {server.code}: {world.log.read_text()[-2000:]}")
    records = world.store.read()
    judgement = judge(Facts(world.history, records, world.read_portal()))
    states = Counter(each.state for each in records.deliveries)
    open_ends = [f"{count} deliveries are {state}" for state, count in states.items() if state not in ENDED]
    return [f"{each.kind}: {each.person}: {each.evidence}" for each in judgement.violations] + open_ends


def finish_migration(world: World, prepared: Mapping[str, World]) -> list[str]:
    """Nothing is half done, and a second `doorward migrate` completes it."""
    wanted, found = prepared["base"].store.read_schema(), world.store.read_schema()
    wrong = []
    if found != wanted and any(not name.startswith(LEDGER) for name in found):
        wrong.append(f"half done: {sorted(found)}")
    again = world.start(["migrate"])
    if again.wait() != 0:
        wrong.append(f"the second migration ended with {again.code}: {world.log.read_text()[-2000:]}")
    if world.store.read_schema() != wanted:
        wrong.append("the second migration made another schema than an undisturbed one")
    return wrong
