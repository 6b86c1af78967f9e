"""What is to be delivered while the fault lasts: the columns of the matrix, as data."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from faults.town import Town

Work = Callable[[Town], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Situation:
    """`prepare` while all is well, `act` after the fault struck. `event` is what Ann's delivery is about,
    `batch` how many people one call carries."""

    name: str
    event: str
    prepare: Work
    act: Work
    dispatchers: int = 1
    batch: int = 1

    @property
    def has_contact(self) -> bool:
        """Whether Ann has a contact when the fault strikes."""
        return self.event != "created"

    @property
    def write_path(self) -> str:
        """Where the call goes that writes."""
        return "/batch/archive" if self.event == "deleted" else "/batch/upsert"


async def nothing(town: Town) -> None:
    """Nobody is here yet."""


async def ann_arrived(town: Town) -> None:
    await town.sign_up("Ann")
    await town.dispatch()
    assert [row.state for row in await town.deliveries()] == ["delivered"]


async def ann_signs_up(town: Town) -> None:
    await town.sign_up("Ann")


async def ann_changes(town: Town) -> None:
    await town.rename(town.people[0], "Anna", town.new_email)


async def ann_leaves(town: Town) -> None:
    await town.delete(town.people[0])


async def three_sign_up(town: Town) -> None:
    for name in ("Ann", "Ben", "Cleo"):
        await town.sign_up(name)


async def ann_thinks_better_of_it(town: Town) -> None:
    """She says no after the first try and before what it needs to succeed."""
    await town.sign_up("Ann")
    await town.dispatch()
    town.clock.move(seconds=1)
    await town.withdraw(town.people[0])


async def both_send_at_once(town: Town) -> None:
    """The first dispatcher has Ann and stands before its first call when the second takes Ben; then both go on."""
    first, second = (egress.meeting for egress in town.egresses)
    first.ask()
    second.ask()
    await town.sign_up("Ann")
    sending = asyncio.create_task(town.dispatchers[0].run_once())
    await first.reached.wait()
    await town.sign_up("Ben")
    await town.rename(town.people[0], "Anna")
    other = asyncio.create_task(town.dispatchers[1].run_once())
    await second.reached.wait()
    first.go.set()
    second.go.set()
    claimed = await asyncio.gather(sending, other)
    assert all(claimed), f"one dispatcher had nothing to send: {claimed}"
    await town.nearby.at_rest()


SITUATIONS = (
    Situation("first send", "created", nothing, ann_signs_up),
    Situation("update", "updated", ann_arrived, ann_changes),
    Situation("delete", "deleted", ann_arrived, ann_leaves),
    Situation("three in one batch", "created", nothing, three_sign_up, batch=3),
    Situation("consent withdrawn after the first try", "created", nothing, ann_thinks_better_of_it),
    Situation("two dispatchers", "created", nothing, both_send_at_once, dispatchers=2),
)
