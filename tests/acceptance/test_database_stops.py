"""PostgreSQL goes away while people sign up: they are told to come again, and nothing needs a restart."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bad_input_page import require_row
from postgres_server import PostgresServer, running_postgres
from running import PASSWORD, Answer, Server, Simulator, connected, request, running, until

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    with running_postgres(is_durable=True) as server:
        yield server


class Crowd:
    """Signs people up from several threads until told to stop; keeps every answer."""

    def __init__(self, server: Server, size: int) -> None:
        self.answers: dict[str, Answer] = {}
        self.hung_up = 0
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
            flow = request("GET", f"{self._server.public}/self-service/registration/api")
            if flow.status == 200:
                body = {"method": "password", "password": PASSWORD, "traits": {"email": email, "newsletter": True}}
                flow = request("POST", flow.body["ui"]["action"], body)
            self.answers[email] = flow


def test_people_are_asked_to_come_again_and_nothing_is_lost(
    tmp_path: Path, simulator: Simulator, postgres: PostgresServer
) -> None:
    dsn = postgres.create_database("doorward")
    server = connected(tmp_path, simulator, f"dsn: {dsn}\nhashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}\n")
    crowd = Crowd(server, 2)
    with running(server):
        crowd.start()
        try:
            until("the first sign-ups", lambda: len(crowd.answers) >= 8)
            postgres.stop(immediately=True)
            until("a refusal", lambda: 503 in crowd.statuses())
            ready = request("GET", f"{server.admin}/health/ready")
            assert ready.status == 503, ready.body
            assert request("GET", f"{server.admin}/health/alive").status == 200
            before = len(crowd.answers)
            until("more refusals", lambda: len(crowd.answers) > before + 8)
            postgres.start()
            until("the recovery", lambda: request("GET", f"{server.admin}/health/ready").status == 200)
            after = len(crowd.answers)
            until("more sign-ups", lambda: len(crowd.answers) > after + 8)
        finally:
            crowd.stop()
        assert crowd.statuses() == {200, 503}
        for answer in crowd.answers.values():
            if answer.status == 503:
                assert int(answer.headers["retry-after"]) > 0
                assert set(answer.body) == {"error"}
        signed_up = {email for email, answer in crowd.answers.items() if answer.status == 200}
        until("the last contact", lambda: signed_up <= set(simulator.emails()), 60)
        assert len(simulator.emails()) == len(set(simulator.emails()))
        # The reason tells how it was noticed: a connection that broke, or one that could not be made.
        codes = {answer.body["error"]["id"] for answer in crowd.answers.values() if answer.status == 503}
        require_row("PostgreSQL stops while requests run (with `Retry-After`)", 503, "`database_away`")
        # Now and then the answer to a commit is what is lost, or a request waits for a connection that does not come.
        assert "database_away" in codes
        assert codes <= {"database_away", "commit_unknown", "database_busy"}
        assert "Traceback" not in server.log.read_text()
