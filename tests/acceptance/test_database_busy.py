"""All connections are in use, or every transaction meets a conflict: who comes then is told soon to come again, and is
answered when the database goes on."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from bad_input_page import require_row
from postgres_server import PostgresServer, running_postgres
from running import Server, Simulator, connected, request, running, until

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

CONNECTIONS = 2
REQUESTS = 6
# A sequence keeps its count when a transaction is rolled back.
CONFLICT = """
CREATE SEQUENCE public.tries;
CREATE FUNCTION public.conflict() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM nextval(''public.tries''); RAISE EXCEPTION USING ERRCODE = ''{}''; END';
CREATE TRIGGER conflict BEFORE INSERT ON doorward.identities FOR EACH ROW EXECUTE FUNCTION public.conflict();
"""


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@contextmanager
def locked(postgres: PostgresServer, table: str) -> Iterator[None]:
    """Another program holds the table until the block ends."""
    where = ["-h", "127.0.0.1", "-p", str(postgres.port), "-U", "postgres", "-d", "doorward"]
    command = [str(postgres.binaries / "psql"), *where, "-v", "ON_ERROR_STOP=1", "-Atq"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/") as session:
        assert session.stdin is not None
        assert session.stdout is not None
        session.stdin.write(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT 'held';\n")
        session.stdin.flush()
        assert session.stdout.readline().strip() == "held"
        try:
            yield
        finally:
            session.stdin.close()
            session.wait(30)


def test_who_finds_no_connection_is_told_to_come_again(tmp_path: Path, postgres: PostgresServer) -> None:
    postgres.create_database("doorward")
    server = Server(tmp_path, f"dsn: {postgres.dsn('doorward', f'max_conns={CONNECTIONS}')}\n", "--dev")
    url = f"{server.public}/self-service/registration/api"
    with running(server), ThreadPoolExecutor(REQUESTS) as pool:
        with locked(postgres, "doorward.flows"):
            asked = [pool.submit(request, "GET", url) for _ in range(REQUESTS)]
            until("the refusals", lambda: sum(each.done() for each in asked) >= REQUESTS - CONNECTIONS)
            refused = [each.result() for each in asked if each.done()]
            assert {(answer.status, answer.body["error"]["id"]) for answer in refused} == {(503, "database_busy")}
            assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
            require_row("All connections to PostgreSQL are in use (with `Retry-After`)", 503, "`database_busy`")
        assert [each.result().status for each in asked if each.result() not in refused] == [200] * CONNECTIONS
        assert request("GET", url).status == 200
        assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_conflicts_without_end_are_told_and_leave_nothing(
    tmp_path: Path, postgres: PostgresServer, simulator: Simulator, state: str
) -> None:
    """Every insert of an identity is refused as PostgreSQL refuses one that lost against others, or in a deadlock."""
    server = connected(tmp_path, simulator, f"dsn: {postgres.create_database('doorward')}\ndev: true\n")
    with running(server):
        postgres.sql(CONFLICT.format(state), "doorward")
        refused = server.sign_up("ada@example.org")
        assert (refused.status, refused.body["error"]["id"]) == (503, "contended")
        assert int(refused.headers["retry-after"]) > 0
        require_row(
            "Other transactions keep changing the same rows of PostgreSQL (with `Retry-After`)", 503, "`contended`"
        )
        # It was tried so often, each time from the start, and nothing of any try is left.
        assert postgres.sql("SELECT last_value FROM public.tries", "doorward") == "6"
        for table in ("identities", "credentials", "events", "deliveries", "sessions"):
            assert postgres.sql(f"SELECT COUNT(*) FROM doorward.{table}", "doorward") == "0"
        postgres.sql("DROP TRIGGER conflict ON doorward.identities", "doorward")
        assert server.sign_up("ada@example.org", newsletter=True).status == 200
        until("the contact", lambda: simulator.emails() == ["ada@example.org"])
        assert "Traceback" not in server.log.read_text()
