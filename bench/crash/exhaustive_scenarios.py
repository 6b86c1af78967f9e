"""What the process does while it dies, and the worlds in which that begins.

A scenario is one armed command and what the clients do meanwhile. Afterwards everybody starts again, unarmed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from running import TOKEN

from .exhaustive_engines import Store
from .exhaustive_forks import Forked, Stuck
from .exhaustive_judging import JUMP_S, LATER, finish, finish_migration, wait_settled
from .exhaustive_world import CONFIG, World
from .history import Traits

PEOPLE = ("p1", "p2", "p3")
REFUSING, NEWCOMERS, NEW_REFUSING = "p4", ("p5", "p6"), "p7"


@dataclass(frozen=True, slots=True)
class Scenario:
    """`begins_in` names the prepared world; `run` starts the armed process and returns when it died or all is done.

    `finish` starts everything again and tells what is wrong then; it is given the prepared worlds, too.
    """

    name: str
    begins_in: str
    run: Callable[[World, str], Forked]
    finish: Callable[[World, Mapping[str, World]], list[str]] = finish


def sign_up(world: World, failpoints: str) -> Forked:
    """One person with consent, everything in one process."""
    server = world.serve(failpoints=failpoints)
    if world.wait_ready(server):
        world.sign_up(LATER, agrees=True)
        wait_settled(world, server)
    return server


def work_off(world: World, failpoints: str) -> Forked:
    """A dispatcher on a queue: people created, changed, deleted, and one who does not agree."""
    dispatcher = world.serve("--only", "dispatcher", failpoints=failpoints)
    wait_settled(world, dispatcher)
    return dispatcher


def patch(world: World, failpoints: str) -> Forked:
    """One change by command."""
    return change(world, "p1", 1, failpoints)


def delete(world: World, failpoints: str) -> Forked:
    """One deletion by command."""
    act = world.ask("p2", "delete", None)
    command = world.start(["identities", "delete", world.identity_of("p2"), "--yes"], failpoints)
    world.answered(act, "yes" if command.wait() == 0 else "unknown")
    return command


def change(world: World, person: str, version: int, failpoints: str = "") -> Forked:
    wants = Traits(f"{person}@example.org", f"v{version}", True)
    act = world.ask(person, "patch", wants)
    traits = f'{{"traits": {{"name": {{"first": "{wants.first}"}}}}}}'
    command = world.start(["identities", "patch", world.identity_of(person), traits], failpoints)
    world.answered(act, "yes" if command.wait() == 0 else "unknown")
    return command


def migrate(world: World, failpoints: str) -> Forked:
    """The schema from nothing."""
    command = world.start(["migrate"], failpoints)
    command.wait()
    return command


SCENARIOS = (
    Scenario("sign-up", "base", sign_up),
    Scenario("batch", "queue", work_off),
    Scenario("rescue", "claimed", work_off),
    Scenario("change", "base", patch),
    Scenario("deletion", "base", delete),
    Scenario("migration", "empty", migrate, finish_migration),
)


def prepare(folder: Path, store: Store) -> Mapping[str, World]:
    """The worlds by name. In `base` three people are contacts and one does not agree; in `queue` much has happened
    since; in `claimed` a dispatcher died after it had sent all that. `empty` has not even a schema."""
    empty = World(_made(folder / "empty"), store.copy_to(folder / "empty", "empty"), CONFIG)
    empty.stop()
    base = World(_made(folder / "base"), store, CONFIG)
    base.start_portal()
    connect(base)
    live(base)
    base.stop()
    queue = base.copy_to(folder / "queue", "queue")
    queue.start_portal()
    fill(queue)
    queue.stop()
    claimed = queue.copy_to(folder / "claimed", "claimed")
    claimed.start_portal()
    died = claimed.serve("--only", "dispatcher", failpoints="delivery.after_send=kill@1")
    if died.wait() != -9:
        raise Stuck("the dispatcher that was to die after its send did not")
    claimed.store.move_clock(JUMP_S)
    claimed.stop()
    return {"empty": empty, "base": base, "queue": queue, "claimed": claimed}


def connect(world: World) -> None:
    token = world.folder / "portal.token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    _done(world.start(["migrate"]))
    options = ["--base-url", world.portal_url, "--token-file", str(token)]
    _done(world.start(["hubspot", "connect", *options]))
    world.learn_template()


def live(world: World) -> None:
    """People who are contacts already, and one who will never be."""
    server = world.serve()
    world.wait_ready(server)
    for person in (*PEOPLE, REFUSING):
        world.sign_up(person, agrees=person != REFUSING)
    wait_settled(world, server)


def fill(world: World) -> None:
    """A queue that nobody works off: creations, three changes of one person in line, a consent taken back, a deletion,
    a refusal."""
    server = world.serve("--only", "public,admin")
    world.wait_ready(server)
    for person in (*NEWCOMERS, NEW_REFUSING):
        world.sign_up(person, agrees=person != NEW_REFUSING)
    for version in (1, 2, 3):
        change(world, "p1", version)
    withdraw(world, "p3")
    delete(world, "")


def withdraw(world: World, person: str) -> None:
    """A consent is taken back after a change that was not sent yet."""
    change(world, person, 1)
    act = world.ask(person, "patch", Traits(f"{person}@example.org", "v1", False))
    command = world.start(["identities", "patch", world.identity_of(person), '{"traits": {"newsletter": false}}'])
    world.answered(act, "yes" if command.wait() == 0 else "unknown")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _done(command: Forked) -> None:
    if command.wait() != 0:
        raise Stuck(f"a command failed: {command.log.read_text()[-2000:]}")
