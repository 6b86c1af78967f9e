"""Faults put into a copy of the product on purpose, each the breaking of one promise, to show that the proof notices.

A mutation is a few replacements of text; each must fit exactly one place, so that none goes stale unseen."""

import shutil
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"


class Stale(Exception):
    """A mutation no longer fits the source."""


@dataclass(frozen=True, slots=True)
class Edit:
    """`old` stands exactly once in `path` (below src/doorward)."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutation:
    """`broken` says which promise is gone."""

    name: str
    broken: str
    edits: tuple[Edit, ...]


MUTATIONS = (
    Mutation(
        "settle_before_send",
        "A delivery is marked as delivered before it is sent: who dies in between loses a contact.",
        (
            Edit(
                "delivery/batch.py",
                '        failpoint("delivery.before_send")\n',
                "        done = Delivered(None, 200, None)\n"
                "        await self._settler.settle_surely(\n"
                "            [ruled(each, done, started_at, started_at, was_sent=True) for each in ready]\n"
                "        )\n"
                '        failpoint("delivery.before_send")\n',
            ),
            Edit(
                "delivery/batch.py",
                "from doorward.delivery.contract import ",
                "from doorward.delivery.contract import Delivered, ",
            ),
        ),
    ),
    Mutation(
        "no_lease_check",
        "Who slept through a lease goes on as if it still held it.",
        (
            Edit("delivery/heartbeat.py", "        return self.clock.now() < self.until\n", "        return True\n"),
            Edit(
                "outbox/settle.py",
                "AND state = 'leased' AND lease_until > :now\n"
                '          AND CAST(lease_token AS TEXT) = {dialect.json_text("tokens", key)}',
                "AND (1 = 1 OR (state = 'leased' AND lease_until > :now\n"
                '          AND CAST(lease_token AS TEXT) = {dialect.json_text("tokens", key)}))',
            ),
            Edit(
                "outbox/claim.py",
                "AND state = 'leased' AND lease_until > :after\n"
                '          AND CAST(lease_token AS TEXT) = {dialect.json_text("tokens", "CAST(id AS TEXT)")}',
                "AND (1 = 1 OR (state = 'leased' AND lease_until > :after\n"
                '          AND CAST(lease_token AS TEXT) = {dialect.json_text("tokens", "CAST(id AS TEXT)")}))',
            ),
        ),
    ),
    Mutation(
        "claim_without_order",
        "A later event of a person may overtake an earlier one.",
        (
            Edit("outbox/claim.py", "WHERE {IS_FIRST} AND NOT", "WHERE NOT"),
            Edit("outbox/claim.py", "chosen AS MATERIALIZED (", "chosen AS ("),
            Edit(
                "outbox/claim.py",
                "ORDER BY d.not_before, d.id LIMIT :limit)",
                "ORDER BY d.position DESC, d.id LIMIT :limit)",
            ),
            Edit(
                "outbox/claim.py",
                "key=lambda each: (each.not_before, each.id))",
                "key=lambda each: (each.not_before, each.id), reverse=True)",
            ),
            Edit(
                "storage/tables/outbox.py",
                "CREATE UNIQUE INDEX deliveries_in_flight",
                "CREATE INDEX deliveries_in_flight",
            ),
        ),
    ),
    Mutation(
        "event_outside_the_transaction",
        "Event and deliveries are written after the identity's commit: who dies in between never announces the person.",
        (
            Edit(
                "app/core.py",
                "        identities=IdentityService(schemas, recorder, clock, vault),\n",
                "        identities=IdentityService(schemas, Later(recorder, database), clock, vault),\n",
            ),
            Edit(
                "app/core.py",
                "@asynccontextmanager\nasync def opened_core(",
                "class Later:\n"
                "    def __init__(self, recorder: Any, database: Any) -> None:\n"
                "        self._recorder, self._database, self._tasks = recorder, database, set()\n\n"
                "    async def record(self, tx: Any, event: Any) -> Any:\n"
                "        async def work(later: Any) -> None:\n"
                "            await self._recorder.record(later, event)\n\n"
                "        def start() -> None:\n"
                "            task = asyncio.ensure_future(self._database.transaction(work))\n"
                "            self._tasks.add(task)\n\n"
                "        tx.on_commit(start)\n"
                "        return Recorded(new_row_id())\n\n\n"
                "@asynccontextmanager\nasync def opened_core(",
            ),
            Edit(
                "app/core.py",
                "from contextlib import asynccontextmanager\n",
                "from contextlib import asynccontextmanager\nimport asyncio\nfrom typing import Any\n"
                "from doorward.identities.events import Recorded\nfrom doorward.ids import new_row_id\n",
            ),
        ),
    ),
    Mutation(
        "no_trace_id",
        "Results of a batch are matched by their place instead of by trace id: a person gets another one's contact.",
        (
            Edit("connectors/hubspot/wire.py", '            "objectWriteTraceId": self.trace_id,\n', ""),
            Edit(
                "connectors/hubspot/batch.py",
                "    known = {each.trace_id for each in inputs}\n",
                "    known = {each.trace_id for each in inputs}\n"
                "    answer = replace(answer, contacts=tuple(\n"
                "        replace(contact, trace_id=each.trace_id) for each, contact in zip(inputs, answer.contacts)\n"
                "    ))\n",
            ),
        ),
    ),
    Mutation(
        "consent_read_at_commit",
        "A yes that held when the event was written is enough, whatever was answered since.",
        (
            Edit(
                "actions/consent.py",
                "        newest = person.consents.get(purpose)\n",
                "        newest = purpose in person.once_agreed or person.consents.get(purpose)\n",
            ),
            Edit(
                "actions/consent.py",
                "        if any(field.path and",
                "        if newest is None and any(field.path and",
            ),
        ),
    ),
)


def mutated(mutation: Mutation, folder: Path) -> Path:
    """A copy of the source with the fault in it, for PYTHONPATH. Raises Stale."""
    copy = folder / mutation.name
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for edit in mutation.edits:
        path = copy / "doorward" / edit.path
        text = path.read_text()
        if text.count(edit.old) != 1:
            raise Stale(f"{mutation.name}: {edit.path} holds {text.count(edit.old)} times {edit.old!r}")
        path.write_text(text.replace(edit.old, edit.new))
    return copy
