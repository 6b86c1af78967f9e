"""PostgreSQL goes away while people sign up: they are told to come again, and nothing needs a restart.

An outage lasts as long as it takes to be noticed several times; DOORWARD_OUTAGE_S=30 makes it that much longer.
"""

import asyncio
import os
import threading
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from bad_input_page import require_row
from cut_proxy import CutProxy
from postgres_server import PostgresServer, running_postgres
from running import PASSWORD, Answer, Server, Simulator, connected, request, running, until

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

OUTAGE_S = float(os.environ.get("DOORWARD_OUTAGE_S", "0"))
# A statement that was under way when the server froze ends after thirty seconds.
PATIENCE_S = 90.0
# How it was noticed decides: a connection that broke, one that could not be made, one that did not come, no answer.
CODES = {"database_away", "database_busy", "statement_too_slow", "commit_unknown"}
HALF_DONE = """
SELECT COUNT(*) FROM doorward.identities i
WHERE NOT EXISTS (SELECT 1 FROM doorward.credentials c WHERE c.identity_id = i.id)
   OR NOT EXISTS (SELECT 1 FROM doorward.events e WHERE e.identity_id = i.id)
   OR NOT EXISTS (SELECT 1 FROM doorward.deliveries d WHERE d.identity_id = i.id)
"""


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    with running_postgres(is_durable=True) as server:
        yield server


class Crowd:
    """Signs people up from several threads until told to stop; keeps every answer."""

    def __init__(self, server: Server, size: int) -> None:
        self.answers: dict[str, Answer] = {}
        self._server = server
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._sign_up, args=(number,)) for number in range(size)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def statuses(self) -> set[int]:
        return {answer.status for answer in list(self.answers.values())}

    def _sign_up(self, number: int) -> None:
        for turn in range(100_000):
            if self._stop.is_set():
                return
            email = f"p{number}-{turn}@example.org"
            url = f"{self._server.public}/self-service/registration/api"
            flow = request("GET", url, timeout_s=PATIENCE_S)
            if flow.status == 200:
                body = {"method": "password", "password": PASSWORD, "traits": {"email": email, "newsletter": True}}
                flow = request("POST", flow.body["ui"]["action"], body, timeout_s=PATIENCE_S)
            self.answers[email] = flow


class Trouble(Protocol):
    """One way to lose a database and to get it back."""

    @property
    def port(self) -> int: ...

    def begin(self) -> None: ...

    def end(self) -> None: ...


class Stopped:
    """An immediate stop, as a crash of the machine is one, and a start."""

    def __init__(self, postgres: PostgresServer) -> None:
        self.postgres = postgres
        self.port = postgres.port

    def begin(self) -> None:
        self.postgres.stop(immediately=True)

    def end(self) -> None:
        self.postgres.start()


class Frozen(Stopped):
    """Connections stay open, and nobody answers."""

    def begin(self) -> None:
        self.postgres.freeze()

    def end(self) -> None:
        self.postgres.thaw()


class Cut:
    """The network between server and database is cut; the database lives on."""

    def __init__(self, postgres: PostgresServer) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._proxy = CutProxy(postgres.port)
        self._do(self._proxy.start())
        self.port = self._proxy.port

    def begin(self) -> None:
        self._do(self._proxy.close())

    def end(self) -> None:
        self._do(self._proxy.start(self.port))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


@pytest.fixture(params=[Stopped, Frozen, Cut])
def trouble(request: pytest.FixtureRequest, postgres: PostgresServer) -> Iterator[Trouble]:
    made: Trouble = request.param(postgres)
    yield made
    postgres.thaw()


def test_people_are_asked_to_come_again_and_nothing_is_lost(
    tmp_path: Path, simulator: Simulator, postgres: PostgresServer, trouble: Trouble
) -> None:
    postgres.create_database("doorward")
    dsn = f"postgres://postgres@127.0.0.1:{trouble.port}/doorward"
    server = connected(tmp_path, simulator, f"dsn: {dsn}\nhashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}\n")
    crowd = Crowd(server, 2)
    with running(server):
        crowd.start()
        try:
            until("the first sign-ups", lambda: len(crowd.answers) >= 8)
            trouble.begin()
            until("a refusal", lambda: 503 in crowd.statuses(), 60)
            ready = request("GET", f"{server.admin}/health/ready")
            assert ready.status == 503, ready.body
            assert request("GET", f"{server.admin}/health/alive").status == 200
            before = len(crowd.answers)
            until("more refusals", lambda: len(crowd.answers) > before + 1, 120)
            time.sleep(OUTAGE_S)
            trouble.end()
            until("the recovery", lambda: request("GET", f"{server.admin}/health/ready").status == 200, 60)
            after = sum(answer.status == 200 for answer in list(crowd.answers.values()))
            until(
                "more sign-ups",
                lambda: sum(answer.status == 200 for answer in list(crowd.answers.values())) > after + 8,
                60,
            )
        finally:
            crowd.stop()
        assert_refusals_are_clear(crowd)
        assert_nothing_half_done(crowd, postgres)
        signed_up = {email for email, answer in crowd.answers.items() if answer.status == 200}
        until("the last contact", lambda: signed_up <= set(simulator.emails()), 60)
        until("the end of the queue", lambda: not server.open_deliveries(), 60)
        assert len(simulator.emails()) == len(set(simulator.emails()))
        assert "Traceback" not in server.log.read_text()


def assert_refusals_are_clear(crowd: Crowd) -> None:
    assert crowd.statuses() == {200, 503}
    refused = [answer for answer in crowd.answers.values() if answer.status == 503]
    for answer in refused:
        assert int(answer.headers["retry-after"]) > 0
        assert set(answer.body) == {"error"}
        require_row("PostgreSQL is stopped, frozen or cut off while requests run (with `Retry-After`)", 503, LISTED)
    assert {answer.body["error"]["id"] for answer in refused} <= CODES


LISTED = ", ".join(f"`{code}`" for code in sorted(CODES))


def assert_nothing_half_done(crowd: Crowd, postgres: PostgresServer) -> None:
    """Whoever was told 200 is there; beyond them only those who were told that the commit's answer was lost."""
    assert postgres.sql(HALF_DONE, "doorward") == "0"
    there = set(postgres.sql("SELECT traits ->> 'email' FROM doorward.identities", "doorward").split())
    told = {email for email, answer in crowd.answers.items() if answer.status == 200}
    unknown = {
        email
        for email, answer in crowd.answers.items()
        if answer.status == 503 and answer.body["error"]["id"] == "commit_unknown"
    }
    assert told <= there <= told | unknown
