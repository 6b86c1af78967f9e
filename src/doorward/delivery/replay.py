"""A person's two acts on deliveries: replay (send again) and discard (give up). Each leaves a line in the audit log."""

from dataclasses import dataclass
from uuid import UUID

from doorward.audit import write_audit
from doorward.clock import Clock
from doorward.errors import Conflict, NotFound
from doorward.outbox.line import find_for_update, give_up, has_newer_delivered, send_again
from doorward.outbox.model import Delivery
from doorward.outbox.query import Filter, list_deliveries
from doorward.outbox.states import ENDED, State
from doorward.storage.contract import Database, Transaction

PAGE = 500
DISCARDED = "discarded"


class DeliveryNotFound(NotFound):
    """There is no delivery with this id. `doorward deliveries list` shows them."""


class NotReplayable(Conflict):
    """Only a delivery that has ended can be sent again; the others are on their way."""


class PayloadShredded(Conflict):
    """The payload was shredded after the retention time, so there is nothing to send again."""


class Superseded(Conflict):
    """Something newer about this person has arrived there since; sending this again would undo it."""


class NotDiscardable(Conflict):
    """Only a delivery that waits, is held or is dead can be given up."""


@dataclass(frozen=True, slots=True)
class Replays:
    """What became of a replay of many: sent again; without a payload any more; left because something newer arrived."""

    replayed: int
    shredded: int = 0
    superseded: int = 0


async def replay(database: Database, clock: Clock, delivery_id: UUID, actor: str, *, anyway: bool = False) -> Delivery:
    """Sends one delivery again, at the end of its line; the row as it was before.

    Its context is that of its commit. `anyway` sends it although a newer one of the same action has arrived, for
    receivers that want every event. Raises DeliveryNotFound, NotReplayable, PayloadShredded, Superseded.
    """

    async def work(tx: Transaction) -> Delivery:
        found = await _get(tx, delivery_id)
        if found.state not in ENDED:
            raise NotReplayable(f"The delivery is {found.state}; it will be sent without a replay.")
        if not found.payload:
            raise PayloadShredded
        if not anyway and await has_newer_delivered(tx, found):
            raise Superseded(
                "A newer event of this person has arrived there since; sending this one again would undo it. "
                "Use --anyway where the receiver wants every event."
            )
        now = clock.now()
        await send_again(tx, found, now)
        details = {"from": str(found.state), "action": found.action, "destination": found.destination}
        await write_audit(tx, now, actor, "delivery.replayed", str(delivery_id), details)
        return found

    return await database.transaction(work)


async def replay_all(database: Database, clock: Clock, chosen: Filter, actor: str, *, anyway: bool = False) -> Replays:
    """Replays everything that the filter chooses, page by page; an end state has to be named. `anyway` as in replay.

    What ends again while this runs is not taken a second time.
    """
    states = tuple(state for state in chosen.states if state in ENDED)
    if not states:
        raise NotReplayable("Name the states to replay: dead, skipped, delivered or cancelled.")
    chosen = Filter(states, chosen.destination, chosen.action, chosen.identity_id, chosen.since)
    replayed = shredded = superseded = 0
    before: UUID | None = None
    while page := await list_deliveries(database.reader, chosen, PAGE, before=before):
        for each in reversed(page):
            try:
                await replay(database, clock, each.id, actor, anyway=anyway)
                replayed += 1
            except PayloadShredded:
                shredded += 1
            except Superseded:
                superseded += 1
            except (NotReplayable, DeliveryNotFound):
                continue
        before = page[-1].id
    return Replays(replayed, shredded, superseded)


async def discard(database: Database, clock: Clock, delivery_id: UUID, actor: str, why: str = "") -> Delivery:
    """Gives one delivery up; the row as it was before. Raises DeliveryNotFound, NotDiscardable."""

    async def work(tx: Transaction) -> Delivery:
        found = await _get(tx, delivery_id)
        if found.state not in {State.PENDING, State.RETRYABLE, State.HELD, State.DEAD}:
            raise NotDiscardable(f"The delivery is {found.state}; it cannot be given up.")
        now = clock.now()
        reason = f"Given up by {actor}" + (f": {why}" if why else ".")
        await give_up(tx, found, DISCARDED, reason, now)
        details = {"from": str(found.state), "action": found.action, "destination": found.destination, "why": why}
        await write_audit(tx, now, actor, "delivery.discarded", str(delivery_id), details)
        return found

    return await database.transaction(work)


async def discard_all(database: Database, clock: Clock, chosen: Filter, actor: str, why: str = "") -> int:
    """Gives up everything that the filter chooses, page by page; how many. What ended or was taken meanwhile stays."""
    discarded = 0
    before: UUID | None = None
    while page := await list_deliveries(database.reader, chosen, PAGE, before=before):
        for each in page:
            try:
                await discard(database, clock, each.id, actor, why)
                discarded += 1
            except (NotDiscardable, DeliveryNotFound):
                continue
        before = page[-1].id
    return discarded


async def _get(tx: Transaction, delivery_id: UUID) -> Delivery:
    found = await find_for_update(tx, delivery_id)
    if found is None:
        raise DeliveryNotFound(f"There is no delivery {delivery_id}.")
    return found
