"""A running server whose SQLite file meets trouble: full disk, no permission, a lock that stays, a file that is gone.

People are told to come again, the dispatcher neither spins nor sends what it could not settle, and when the trouble
ends, all goes on without a restart.
"""

import contextlib
import json
import os
import resource
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from running import PASSWORD, Answer, Server, Simulator, connected, request, running, until

pytestmark = pytest.mark.slow

CONFIG = """
dsn: sqlite://{disk}/doorward.sqlite
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
"""
DISK = "6m"
Trouble = Callable[[Server, Path], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class House:
    """One server on one small disk, for one trouble after another: none may need a restart."""

    server: Server
    simulator: Simulator
    file: Path
    answered: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("trouble")
    disk = folder / "disk"
    disk.mkdir()
    is_mounted = run_as_root("mount", "-t", "tmpfs", "-o", f"size={DISK}", "doorward", str(disk))
    try:
        simulator = Simulator(folder)
        with running(simulator):
            server = connected(folder, simulator, CONFIG.format(disk=disk), "--dispatcher", "inside")
            with running(server):
                yield House(server, simulator, disk / "doorward.sqlite")
    finally:
        if is_mounted:
            run_as_root("umount", "-l", str(disk))


def run_as_root(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def full_disk(_server: Server, file: Path) -> Iterator[None]:
    if not file.parent.is_mount():
        pytest.skip("no disk of its own: mounting is not allowed here")
    filler = file.with_name("filler")
    with filler.open("wb", buffering=0) as written, contextlib.suppress(OSError):
        while True:
            written.write(b"x" * 4096)
    yield
    filler.unlink()


@contextmanager
def limited_files(server: Server, file: Path) -> Iterator[None]:
    """The kernel lets the process write no byte beyond the log's present end."""
    size = file.with_name(f"{file.name}-wal").stat().st_size
    old = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, old[1]))
    yield
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, old)


@contextmanager
def locked(_server: Server, file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def deleted(_server: Server, file: Path) -> Iterator[None]:
    away = file.with_name("away")
    file.rename(away)
    yield
    away.rename(file)


TROUBLES = [
    pytest.param(full_disk, {"database_full"}, id="full"),
    pytest.param(limited_files, {"database_away"}, id="limit"),
    pytest.param(locked, {"database_busy"}, id="locked"),
    pytest.param(deleted, {"database_moved"}, id="deleted"),
]


def sign_up(server: Server, email: str, action: str = "") -> Answer:
    """Begins a flow unless there is one; whatever is refused first is the answer."""
    if not action:
        flow = request("GET", f"{server.public}/self-service/registration/api")
        if flow.status != 200:
            return flow
        action = flow.body["ui"]["action"]
    body = {"method": "password", "password": PASSWORD, "traits": {"email": email, "newsletter": True}}
    return request("POST", action, body)


def begun(server: Server) -> str:
    flow = request("GET", f"{server.public}/self-service/registration/api")
    assert flow.status == 200, flow.body
    return str(flow.body["ui"]["action"])


def require_refusal(answer: Answer, codes: set[str]) -> None:
    assert answer.status == 503, answer.body
    assert int(answer.headers["retry-after"]) > 0
    assert answer.body["error"]["id"] in codes
    assert set(answer.body) == {"error"}


@pytest.mark.parametrize(("trouble", "codes"), TROUBLES)
def test_people_come_again_and_nothing_is_lost(house: House, trouble: Trouble, codes: set[str]) -> None:
    server, simulator, answered = house.server, house.simulator, house.answered
    same, after = f"same-{len(answered)}@example.org", f"after-{len(answered)}@example.org"
    flow, complained = begun(server), complaints(server)
    with trouble(server, house.file):
        began = time.monotonic()
        require_refusal(until("a refusal", lambda: refused(server, answered), 60), codes)
        require_refusal(sign_up(server, same, flow), codes)
        until("the end of readiness", lambda: ready(server) == 503)
        until("a word of the dispatcher", lambda: complaints(server) > complained)
        # The dispatcher rests a second after each failure; on a slow machine it rests longer.
        assert complaints(server) - complained <= time.monotonic() - began + 2
    until("the recovery", lambda: ready(server) == 200, 60)
    # The same flow and the same person: nothing of the refused try was kept.
    assert sign_up(server, same, flow).status == 200
    assert sign_up(server, after).status == 200
    answered += [same, after]
    until("every contact", lambda: set(answered) <= set(simulator.emails()), 60)
    until("every delivery to be settled", lambda: not server.open_deliveries(), 60)
    assert sorted(simulator.emails()) == sorted(answered)
    assert "Traceback" not in server.log.read_text()


def refused(server: Server, answered: list[str]) -> Answer | None:
    """A sign-up that was refused; those that still found room count as answered."""
    email = f"p{len(answered)}@example.org"
    answer = sign_up(server, email)
    if answer.status != 200:
        return answer
    answered.append(email)
    return None


def ready(server: Server) -> int:
    return request("GET", f"{server.admin}/health/ready").status


def complaints(server: Server) -> int:
    """How often the dispatcher said that it could not work."""
    return server.log.read_text().count(" database_away ")


def test_nobody_is_unexplained_afterwards(house: House) -> None:
    assert house.server.told("deliveries", "list")["counts"]["delivered"] == len(house.answered)
    assert '"unexplained": 0' in json.dumps(house.server.told("hubspot", "check"))


def test_what_was_sent_is_settled_later_and_not_sent_again(house: House) -> None:
    """The disk is full between HubSpot's answer and the settling. Needs a start of its own, to stop there."""
    server, simulator, email = house.server, house.simulator, "slow@example.org"
    server.stop()
    server.environment = {"DOORWARD_FAILPOINTS": "delivery.after_send=stop@1"}
    server.start()
    assert sign_up(server, email).status == 200
    until("the stop", lambda: "State:\tT" in Path(f"/proc/{server.pid}/status").read_text())
    assert email in simulator.emails()
    with full_disk(server, house.file):
        os.kill(server.pid, signal.SIGCONT)
        until("a settling that fails", lambda: "settle_delayed" in server.log.read_text(), 60)
    until("the settling", lambda: not server.open_deliveries(), 60)
    server.environment = {}
    (delivery,) = server.told("deliveries", "list", "--limit", "1")["deliveries"]
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 1)
    assert simulator.emails().count(email) == 1
