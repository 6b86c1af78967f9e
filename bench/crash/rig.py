"""A run from its beginning to the verifier's judgement."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from running import TOKEN

from .clients import Client
from .commands import Commands
from .history import read_log
from .house import House, house
from .killer import Killer
from .plan import Settings, blows, frozen_by_itself_s, wishes
from .portal import read_portal
from .records import read_postgres, read_sqlite
from .settling import settle
from .verifier import Judgement, judge
from .violations import Facts

Tell = Callable[[int, int, float], None]
"""Kills, people asked for so far, seconds since the first blow."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was done, and what the verifier says. `clients` counts answers by kind of request."""

    settings: Settings
    judgement: Judgement
    kills: Counter[str]
    sleeps: Counter[str]
    faults: Counter[str]
    falls: Counter[str]
    clients: Counter[str]
    ledger: int
    own_account: str
    seconds: float
    settled_s: float


def run(folder: Path, settings: Settings, tell: Tell) -> Result:
    """Everything in `folder`: logs, clients' logs, databases. Raises AssertionError when something never comes."""
    begun = time.monotonic()
    with house(folder, settings) as built:
        built.start()
        commands = Commands(built.nursery, folder)
        killer = Killer(built, commands, blows(settings), frozen_by_itself_s(settings))
        with _clients(built, commands) as clients:
            started = time.monotonic()
            killer.run(
                settings.kills, lambda kills: tell(kills, sum(map(_people, clients)), time.monotonic() - started)
            )
            built.start()
        settled_s = settle(built)
        own_account = built.server.command("hubspot", "check", "--json").stdout
        built.stop()
        facts = _facts(built, clients, killer)
        return Result(
            settings=settings,
            judgement=judge(facts),
            kills=killer.kills,
            sleeps=killer.sleeps,
            faults=killer.faults,
            falls=killer.falls,
            clients=sum((client.counts for client in clients), Counter()),
            ledger=len(facts.portal.ledger),
            own_account=own_account,
            seconds=time.monotonic() - begun,
            settled_s=settled_s,
        )


@contextmanager
def _clients(built: House, commands: Commands) -> Iterator[list[Client]]:
    """Their threads, until the block ends; what they had begun is then answered. Raises what ended one of them."""
    settings, stopping = built.settings, threading.Event()
    clients = [
        Client(
            number=number,
            addresses=built.addresses,
            config=built.server.config,
            commands=commands,
            wish=wishes(settings, number).__next__,
            stopping=stopping,
            think_s=settings.think_s,
        )
        for number in range(settings.clients)
    ]
    with ThreadPoolExecutor(len(clients)) as pool:
        running = [pool.submit(client.run) for client in clients]
        try:
            yield clients
        finally:
            stopping.set()
    for each in running:
        each.result()


def _facts(built: House, clients: list[Client], killer: Killer) -> Facts:
    people = read_log(client.log for client in clients)
    records = asyncio.run(read_postgres(built.dsn)) if built.postgres else read_sqlite(built.dsn)
    return Facts(people, records, read_portal(built.simulator.url, TOKEN), tuple(killer.stops))


def _people(client: Client) -> int:
    return len(client.people)
