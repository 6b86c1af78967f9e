"""One `serve`, several processes: who dies is replaced, nobody outlives the first, and they count as one."""

import os
import re
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from running import Program, Server, Simulator, connected, request, running, until

pytestmark = pytest.mark.slow

DEAD = ("", "Z", "X")


def config(folder: Path) -> str:
    """A leader that dies is followed within two seconds."""
    return f"dsn: sqlite://{folder}/doorward.sqlite?_fk=true\ndelivery: {{leadership_s: 2, lease_s: 5}}\n"


def state(pid: int) -> str:
    """As in /proc; empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def children(program: Program) -> list[int]:
    """Oldest first."""
    return [int(each) for each in Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()]


def dispatching(server: Server) -> int:
    """The one that steps back behind the others; it is the last to start."""
    behind = (niceness(server.pid) or 0) + 10
    found: list[int] = until("the dispatcher", lambda: [each for each in children(server) if niceness(each) == behind])
    assert len(found) == 1
    return found[0]


def niceness(pid: int) -> int | None:
    try:
        return os.getpriority(os.PRIO_PROCESS, pid)
    except ProcessLookupError:
        return None


def counted(server: Server, sample: str) -> float:
    """The sum of a counter over its labels, as the admin port tells."""
    text = str(request("GET", f"{server.admin}/metrics/prometheus").body)
    return sum(float(value) for value in re.findall(rf"^{sample}\{{.*\}} (\S+)$", text, re.MULTILINE))


def test_a_dispatcher_that_dies_is_replaced_while_people_are_answered(tmp_path: Path, simulator: Simulator) -> None:
    server = connected(tmp_path, simulator, config(tmp_path))
    with running(server):
        assert server.sign_up("before@example.org", newsletter=True).status == 200
        until("the first contact", lambda: simulator.find_contact("before@example.org"))
        until("its counting", lambda: counted(server, "doorward_delivery_attempts_total") == 1)
        victim = dispatching(server)
        os.kill(victim, signal.SIGKILL)
        until("its death", lambda: state(victim) in DEAD)
        assert server.sign_up("after@example.org", newsletter=True).status == 200
        until("the second contact", lambda: simulator.find_contact("after@example.org"), 60)
        assert dispatching(server) != victim
        assert server.log.read_text().count("worker_died worker=dispatcher exit_code=-9") == 1
        # What the dead one had counted is not forgotten.
        until("both countings", lambda: counted(server, "doorward_delivery_attempts_total") == 2)
        assert server.stop() == 0
    assert sorted(simulator.emails()) == ["after@example.org", "before@example.org"]


def test_a_process_that_answers_and_dies_is_replaced(tmp_path: Path) -> None:
    server = Server(tmp_path, config(tmp_path), "--dev")
    with running(server):
        apart = dispatching(server)
        (answering,) = set(children(server)) - {apart}
        os.kill(answering, signal.SIGKILL)
        until("its death", lambda: state(answering) in DEAD)
        until("another", lambda: request("GET", f"{server.admin}/health/ready").status == 200)
        assert dispatching(server) == apart
        assert server.stop() == 0


def test_nobody_outlives_a_server_that_is_killed(tmp_path: Path) -> None:
    server = Server(tmp_path, config(tmp_path), "--dev", "--workers", "2")
    with running(server):
        family: list[int] = until("two and the dispatcher", lambda: (found := children(server))[2:] and found)
        server.kill()
        until("the end of all", lambda: all(state(each) in DEAD for each in family))
        # The port is free again, or will be within a moment.
        server.start()
        assert server.stop() == 0


def test_all_workers_and_the_dispatcher_count_as_one(tmp_path: Path, simulator: Simulator) -> None:
    server = connected(tmp_path, simulator, config(tmp_path), "--workers", "2")
    people = [f"p{number}@example.org" for number in range(6)]
    with running(server):
        for email in people:
            assert server.sign_up(email, newsletter=True).status == 200
        until("the contacts", lambda: set(people) <= set(simulator.emails()))
        outcomes = "doorward_delivery_outcomes_total"
        # Whichever process is asked: connections are taken by chance.
        for _ in range(10):
            until("every outcome", lambda: counted(server, outcomes) == len(people))
        assert counted(server, "doorward_commit_to_delivered_seconds_count") == len(people)
        posts = (
            r'doorward_http_requests_total\{listener="public",route="/self-service/registration",status="200"\} (\S+)'
        )
        text = str(request("GET", f"{server.admin}/metrics/prometheus").body)
        assert [float(each) for each in re.findall(posts, text)] == [len(people)]
        server.reload()
        assert counted(server, outcomes) == len(people)
        assert server.stop() == 0


def test_a_new_configuration_reaches_the_dispatcher_that_takes_a_dead_ones_place(
    tmp_path: Path, simulator: Simulator
) -> None:
    server = Server(tmp_path, config(tmp_path), "--dev")
    with running(server):
        token = tmp_path / "simulator.token"
        token.write_text("pat-na1-00000000-0000-4000-8000-000000000001")
        token.chmod(0o600)
        done = server.command("hubspot", "connect", "--base-url", simulator.url, "--token-file", str(token))
        assert done.returncode == 0, done.stdout + done.stderr
        until("the reload", lambda: server.reloads() > 0)
        os.kill(dispatching(server), signal.SIGKILL)
        assert server.sign_up("ada@example.org", newsletter=True).status == 200
        until("the contact", lambda: simulator.find_contact("ada@example.org"), 60)
        assert server.stop() == 0


def test_what_keeps_all_from_starting_is_said_once(tmp_path: Path) -> None:
    file = tmp_path / "doorward.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE networks (id TEXT)")
        connection.execute("CREATE TABLE schema_migration (version TEXT)")
    server = Server(tmp_path, f"dsn: sqlite://{file}?_fk=true\nsecrets: {{cipher: ['{'k' * 32}']}}\n", "--workers", "3")
    Program.start(server)
    assert server.process is not None
    assert server.process.wait(60) == 1
    log = server.log.read_text()
    assert log.count("Error: ") == 1
    assert "Traceback" not in log


def test_a_flag_keeps_deliveries_inside(tmp_path: Path, simulator: Simulator) -> None:
    server = connected(tmp_path, simulator, config(tmp_path), "--dispatcher", "inside")
    with running(server):
        assert server.sign_up("ada@example.org", newsletter=True).status == 200
        until("the contact", lambda: simulator.find_contact("ada@example.org"), 60)
        commands = [Path(f"/proc/{each}/cmdline").read_bytes() for each in children(server)]
        assert all(b"sandbox_worker" in each for each in commands)
        assert server.stop() == 0


def test_a_change_while_the_processes_start_reaches_each_of_them(tmp_path: Path) -> None:
    """The one that dispatches starts last, from what was read before the first: it must not take the change for old."""
    server = Server(tmp_path, f"dev: true\n{config(tmp_path)}", "--dev")
    with running(server):
        with server.config.open("a") as file:
            file.write("# Changed as soon as the first process answers.\n")
        until("the reload", lambda: server.reloads() == 1)
