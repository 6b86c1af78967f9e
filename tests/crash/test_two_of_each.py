"""Two servers and two dispatchers on one PostgreSQL; one dispatcher is killed between send and settle."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from postgres_server import PostgresServer, running_postgres
from running import BIN, PASSWORD, Program, Server, Simulator, connected, exchange, free_port, request, running, until

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

PEOPLE = [f"p{number}@example.org" for number in range(40)]
CONFIG = f"""
dsn: {{dsn}}
hashers: {{{{algorithm: bcrypt, bcrypt: {{{{cost: 4}}}}}}}}
delivery: {{{{lease_s: 5}}}}
secrets: {{{{cookie: ["{"c" * 32}"], cipher: ["{"k" * 32}"]}}}}
"""


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


def second_of(server: Server, folder: Path) -> tuple[Program, str]:
    """Another server on the same configuration, and its address."""
    port, admin = free_port(), free_port()
    environment = {"SERVE_PUBLIC_PORT": str(port), "SERVE_ADMIN_PORT": str(admin)}
    return Program(server.arguments, folder / "second.log", environment), f"http://127.0.0.1:{port}"


def dispatcher(server: Server, log: Path, **environment: str) -> Program:
    arguments = [str(BIN / "doorward"), "serve", "--config", str(server.config), "--dev", "--only", "dispatcher"]
    return Program(arguments, log, environment)


def sign_up(begun_at: str, sent_to: str, email: str) -> int:
    """A flow may begin at one server and be submitted at the other."""
    flow = request("GET", f"{begun_at}/self-service/registration/api").body
    action = urlsplit(flow["ui"]["action"])
    traits = {"email": email, "newsletter": True}
    body = json.dumps({"method": "password", "password": PASSWORD, "traits": traits}).encode()
    headers = {"Content-Type": "application/json"}
    return exchange(sent_to, "POST", f"{action.path}?{action.query}", body, headers).status


def test_everybody_arrives_once_although_one_dispatcher_dies(
    tmp_path: Path, simulator: Simulator, postgres: PostgresServer
) -> None:
    config = CONFIG.format(dsn=postgres.create_database("doorward"))
    first = connected(tmp_path, simulator, config, "--only", "public,admin")
    second, second_url = second_of(first, tmp_path)
    doomed = dispatcher(first, tmp_path / "doomed.log", DOORWARD_FAILPOINTS="delivery.after_send=kill@2")
    survivor = dispatcher(first, tmp_path / "survivor.log")
    with running(first, second, doomed):
        until("the second server", lambda: request("GET", f"{second_url}/health/ready").status == 200)
        places = [(first.public, second_url), (second_url, first.public)]
        with ThreadPoolExecutor(4) as pool:
            turns = [(*places[number % 2], email) for number, email in enumerate(PEOPLE)]
            assert set(pool.map(lambda turn: sign_up(*turn), turns)) == {200}
        process = doomed.process
        assert process is not None
        until("the kill", lambda: process.poll() is not None)
        assert process.returncode == -9
        with running(survivor):
            until("every contact", lambda: set(PEOPLE) <= set(simulator.emails()), 60)
            assert sorted(simulator.emails()) == sorted(PEOPLE)
            until("every delivery to be settled", lambda: not first.open_deliveries(), 60)
            assert first.told("deliveries", "list")["counts"]["delivered"] == len(PEOPLE)
            assert '"unexplained": 0' in json.dumps(first.told("hubspot", "check"))


def test_both_dispatchers_work_and_nobody_arrives_twice(
    tmp_path: Path, simulator: Simulator, postgres: PostgresServer
) -> None:
    config = CONFIG.format(dsn=postgres.create_database("doorward"))
    server = connected(tmp_path, simulator, config, "--only", "public,admin")
    simulator.arm("latency", ms=50)
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    emails: list[str] = []

    def have_both_delivered() -> bool:
        emails.append(f"q{len(emails)}@example.org")
        assert sign_up(server.public, server.public, emails[-1]) == 200
        return all("outcome=delivered" in log.read_text() for log in logs)

    with running(server, *(dispatcher(server, log) for log in logs)):
        until("work of both dispatchers", have_both_delivered)
        until("every contact", lambda: set(emails) <= set(simulator.emails()), 60)
        assert sorted(simulator.emails()) == sorted(emails)
