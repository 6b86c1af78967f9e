"""Several servers and dispatchers on one PostgreSQL, direct and behind PgBouncer: they share work, calls and order.

What is asserted is counted from the simulator's ledger, which knows nothing of processes.
"""

import asyncio
import os
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import pytest

from doorward.app.core import Core, opened_core
from doorward.identities.draft import NewConsent, NewIdentity
from doorward.identities.events import Cause
from doorward.identities.service import IdentityChange
from doorward.storage.contract import Transaction
from pgbouncer_server import NoPgbouncer, running_pgbouncer
from postgres_server import PostgresServer, running_postgres
from running import BIN, Program, Server, Simulator, connected, free_port, request, running, until

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

PEOPLE = 350
"""More than three claims take at once, so that there is work for each worker whoever is quickest."""
BACKLOG = 2 * PEOPLE
CALLS_PER_S = 5
SLACK_S = 2
"""A call is counted when it is taken and arrives a little later: windows are compared with that much room."""
DELIVERED = re.compile(r"outcome=delivered")
CONFIG = f"""
dev: true
dsn: {{dsn}}
hashers: {{{{algorithm: bcrypt, bcrypt: {{{{cost: 4}}}}}}}}
delivery: {{{{lease_s: 5}}}}
secrets: {{{{cookie: ["{"c" * 32}"], cipher: ["{"k" * 32}"]}}}}
"""


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["direct", "pgbouncer"])
def dsn(request: pytest.FixtureRequest, postgres: PostgresServer) -> Iterator[str]:
    direct = postgres.create_database("doorward")
    if request.param == "direct":
        yield direct
        return
    try:
        with running_pgbouncer(postgres) as port:
            yield f"postgres://postgres@127.0.0.1:{port}/doorward?pgbouncer=true"
    except NoPgbouncer as reason:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(reason))


class Dispatcher(Program):
    """`serve --only dispatcher` on the configuration of a server."""

    def __init__(self, server: Server, name: str) -> None:
        arguments = [str(BIN / "doorward"), "serve", "--config", str(server.config), "--dev", "--only", "dispatcher"]
        super().__init__(arguments, server.config.parent / f"{name}.log")

    def delivered(self) -> int:
        return len(DELIVERED.findall(self.log.read_text()))


class Feeder:
    """People who agreed, and changes of their first names until told to stop; never more than BACKLOG rows wait."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._feed()))
        self.ids: list[UUID] = []
        self.changes = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    async def _feed(self) -> None:
        async with opened_core((self._config,)) as core:
            self.ids = await core.database.transaction(lambda tx: _created(tx, core))
            while not self._stop.is_set():
                if await _count_open(core) < BACKLOG:
                    await core.database.transaction(lambda tx: self._change(tx, core))
                    self.changes += 1
                else:
                    await asyncio.sleep(0.02)

    async def _change(self, tx: Transaction, core: Core) -> None:
        for index, identity_id in enumerate(self.ids):
            traits = {
                "email": f"p{index}@example.org",
                "name": {"first": version(self.changes + 1)},
                "newsletter": True,
            }
            await core.identities.update(tx, identity_id, IdentityChange(traits=traits), Cause("import"))


def version(number: int) -> str:
    """A first name that sorts by age."""
    return f"v{number:04}"


async def _count_open(core: Core) -> int:
    row = await core.database.reader.fetch_one(
        "SELECT COUNT(*) AS n FROM deliveries WHERE state IN ('pending', 'leased', 'retryable', 'held')"
    )
    return 0 if row is None else int(row["n"])


async def _created(tx: Transaction, core: Core) -> list[UUID]:
    schema = core.schemas.get_schema(core.schemas.default_id)
    consents = tuple(
        NewConsent(each.purpose, True, each.text, each.version, "en", "import: test") for each in schema.consents
    )
    ids = []
    for index in range(PEOPLE):
        traits = {"email": f"p{index}@example.org", "name": {"first": version(0)}, "newsletter": True}
        draft = core.identities.draft(NewIdentity(schema.id, traits, consents=consents))
        ids.append((await core.identities.create(tx, draft, Cause("import"))).identity.id)
    return ids


def ledger(simulator: Simulator) -> list[dict[str, Any]]:
    """Every write that was applied, in order."""
    found: list[dict[str, Any]] = []
    while page := request(
        "GET", f"{simulator.url}/_sim/ledger?after={found[-1]['seq'] if found else 0}&limit=1000"
    ).body["entries"]:
        found += page
    return [entry for entry in found if entry["outcome"] == "applied"]


def limited(server: Server) -> None:
    """Few calls a second, as the operator may set them, so that three workers would soon be over."""
    text = server.config.read_text()
    assert text.count("connector: hubspot\n") == 1
    indent = re.search(r"\n( +)connector: hubspot\n", text)
    assert indent is not None
    limits = f"{indent[1]}limits: {{calls: {CALLS_PER_S}, interval_s: 1}}\n"
    server.config.write_text(text.replace("connector: hubspot\n", f"connector: hubspot\n{limits}"))


def test_work_calls_and_order_are_shared_while_one_joins_and_one_is_killed(
    tmp_path: Path, simulator: Simulator, dsn: str
) -> None:
    server = connected(tmp_path, simulator, CONFIG.format(dsn=dsn), "--only", "public,admin")
    limited(server)
    first, second, third = (Dispatcher(server, name) for name in ("first", "second", "third"))
    with ExitStack() as opened:
        simulator.arm("latency", ms=50)
        opened.enter_context(running(server, first, second))
        feeder = opened.enter_context(Feeder(server.config))
        until("work of both", lambda: first.delivered() and second.delivered(), 60)
        opened.enter_context(running(third))
        until("work of the third", third.delivered, 60)
        first.kill()
        done = (second.delivered(), third.delivered())
        until("more work of the others", lambda: second.delivered() > done[0] and third.delivered() > done[1], 60)
        feeder.stop()
        until("the end of the queue", lambda: not server.open_deliveries(), 120)
        rows = ledger(simulator)
        assert_in_order(rows, feeder.ids, feeder.changes)
        assert_within_budget(rows)
        assert sorted(simulator.emails()) == sorted(f"p{index}@example.org" for index in range(PEOPLE))
        check = server.told("hubspot", "check")
        assert '"unexplained": 0' in str(check).replace("'", '"')
        assert request("GET", f"{simulator.url}/_sim/counters").body.get("rate_limited", 0) == 0


def assert_in_order(rows: list[dict[str, Any]], ids: list[UUID], changes: int) -> None:
    """A person's states arrive as they came about, each of them; one that was in flight at the kill perhaps twice."""
    seen: defaultdict[str, list[str]] = defaultdict(list)
    owner: dict[str, str] = {}
    for row in rows:
        if found := row["unique_values"].get("doorward_identity_id"):
            owner[row["contact_id"]] = found
        if "firstname" in row["changes"]:
            seen[owner[row["contact_id"]]].append(row["changes"]["firstname"])
    assert set(seen) == {str(each) for each in ids}
    for versions in seen.values():
        assert versions == sorted(versions)
        assert set(versions) == {version(number) for number in range(changes + 1)}


def assert_within_budget(rows: list[dict[str, Any]]) -> None:
    """Calls in any second and the room for the way, over all workers."""
    calls = sorted({row["correlation_id"]: row["at_ms"] for row in rows}.values())
    assert len(calls) > 2 * CALLS_PER_S, "too few calls to tell"
    for start in calls:
        in_window = sum(start <= at < start + 1000 * SLACK_S for at in calls)
        assert in_window <= CALLS_PER_S * (SLACK_S + 1), Counter(at // 1000 for at in calls)


@pytest.mark.parametrize("dsn", ["pgbouncer"], indirect=True)
def test_people_sign_up_at_any_server_while_one_is_killed(tmp_path: Path, simulator: Simulator, dsn: str) -> None:
    server = connected(tmp_path, simulator, CONFIG.format(dsn=dsn))
    port, admin = free_port(), free_port()
    ports = {"SERVE_PUBLIC_PORT": str(port), "SERVE_ADMIN_PORT": str(admin)}
    other = Program(server.arguments, tmp_path / "other.log", ports)
    with running(server, other):
        until("the other", lambda: request("GET", f"http://127.0.0.1:{admin}/health/ready").status == 200)
        places = [server.public, f"http://127.0.0.1:{port}"]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda number: sign_up(places[number % 2], number), range(20)))
        assert set(answers) == {200}
        other.kill()
        assert [sign_up(server.public, number) for number in range(20, 24)] == [200] * 4
        emails = [f"p{number}@example.org" for number in range(24)]
        until("every contact", lambda: set(emails) <= set(simulator.emails()), 60)
        assert sorted(simulator.emails()) == sorted(emails)
        until("every delivery to be settled", lambda: not server.open_deliveries(), 60)


def sign_up(place: str, number: int) -> int:
    """Through one server; the base URL in the flow is the first one's, so the path is asked of `place`."""
    flow = request("GET", f"{place}/self-service/registration/api").body
    traits = {"email": f"p{number}@example.org", "newsletter": True}
    body = {"method": "password", "password": "correct-horse-battery-42", "traits": traits}
    return request("POST", f"{place}/self-service/registration?flow={flow['id']}", body).status
