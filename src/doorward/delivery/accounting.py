"""The accounting: every identity is, per action, in exactly one state, and nobody who consents is unexplained.

consenting = delivered + waiting + held + dead + skipped + cancelled + uncovered + unexplained,   unexplained = 0
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from doorward.actions.consent import Granted
from doorward.actions.model import Action
from doorward.delivery.admission import Actions, Gate
from doorward.delivery.coverage import CREATED, Arrival, list_arrivals, list_since, why_missing
from doorward.identities.query import list_ids
from doorward.outbox.states import WAITING, State
from doorward.storage.contract import Database
from doorward.storage.types import read_uuid

PAGE = 500
SHOWN = 20
UNCOVERED = "uncovered"
UNEXPLAINED = "unexplained"
STANDINGS = ("delivered", "waiting", "held", "dead", "skipped", "cancelled", UNCOVERED, UNEXPLAINED)


@dataclass(frozen=True, slots=True)
class Account:
    """One action. `standings` counts all identities, `consenting` those to whom the gate says yes now, by standing.

    `uncovered`: the action never applied to the identity (it came another way, or before the action was there).
    `unexplained_ids` are the first few of those that should have a row and have none.
    """

    action: str
    destination: str
    standings: Mapping[str, int]
    consenting: Mapping[str, int]
    unexplained_ids: tuple[UUID, ...] = ()

    @property
    def identities(self) -> int:
        return sum(self.standings.values())

    @property
    def consents(self) -> int:
        return sum(self.consenting.values())

    @property
    def unexplained(self) -> int:
        return self.standings[UNEXPLAINED]


@dataclass(slots=True)
class Tally:
    """An account while it is counted."""

    standings: Counter[str] = field(default_factory=Counter)
    consenting: Counter[str] = field(default_factory=Counter)
    unexplained: list[UUID] = field(default_factory=list)


async def account(database: Database, actions: Actions, gate: Gate) -> list[Account]:
    """Counts every action that answers a creation, in pages: memory does not grow with the number of people."""
    counted = [action for action in actions.list_actions() if action.trigger.event == CREATED]
    tallies = {action.name: Tally() for action in counted}
    since = await list_since(database.reader)
    after = UUID(int=0)
    while ids := await list_ids(database.reader, PAGE, after):
        await _count_page(database, counted, gate, ids, since, tallies)
        after = ids[-1]
    return [
        Account(
            action.name,
            action.destination,
            {name: tallies[action.name].standings[name] for name in STANDINGS},
            {name: tallies[action.name].consenting[name] for name in STANDINGS},
            tuple(tallies[action.name].unexplained),
        )
        for action in counted
    ]


async def _count_page(
    database: Database,
    actions: Sequence[Action],
    gate: Gate,
    ids: Sequence[UUID],
    since: Mapping[str, datetime],
    tallies: Mapping[str, Tally],
) -> None:
    newest = await _newest_states(database, ids)
    arrivals = await list_arrivals(database.reader, database.dialect, ids)
    for action in actions:
        tally = tallies[action.name]
        decisions, people = await gate.decide_many(database.reader, {each: (action, CREATED, each) for each in ids})
        for identity_id in ids:
            if identity_id not in people:
                # Deleted since the page was read.
                continue
            state = newest.get((identity_id, action.name))
            standing = _standing(state, action, arrivals.get(identity_id), since.get(action.name))
            tally.standings[standing] += 1
            if isinstance(decisions[identity_id], Granted):
                tally.consenting[standing] += 1
            if standing == UNEXPLAINED and len(tally.unexplained) < SHOWN:
                tally.unexplained.append(identity_id)


async def _newest_states(database: Database, ids: Sequence[UUID]) -> dict[tuple[UUID, str], State]:
    """By identity and action: the state of the last row of the line."""
    rows = await database.reader.fetch_all(
        f"""
        SELECT identity_id, action, state FROM deliveries
        WHERE {database.dialect.one_of("identity_id", "ids", "uuid")} ORDER BY position, id
        """,
        {"ids": list(ids)},
    )
    return {(read_uuid(row["identity_id"]), row["action"]): State(row["state"]) for row in rows}


def _standing(state: State | None, action: Action, arrival: Arrival | None, since: datetime | None) -> str:
    if state is None:
        return UNEXPLAINED if why_missing(action, arrival, since) is None else UNCOVERED
    return "waiting" if state in WAITING else str(state)
