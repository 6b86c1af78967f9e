"""Servers and dispatchers on one SQLite file: they share flows and sessions, one dispatcher leads, others take over."""

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from running import BIN, PASSWORD, Program, Server, Simulator, connected, exchange, free_port, request, running, until

pytestmark = pytest.mark.slow

CONFIG = f"""
dsn: sqlite://{{folder}}/doorward.sqlite
hashers: {{{{algorithm: bcrypt, bcrypt: {{{{cost: 4}}}}}}}}
delivery: {{{{lease_s: 5, leadership_s: 5, poll_s: 0.5}}}}
selfservice:
  flows:
    registration:
      after: {{{{password: {{{{hooks: [{{{{hook: session}}}}]}}}}}}}}
secrets: {{{{cookie: ["{"c" * 32}"], cipher: ["{"k" * 32}"]}}}}
"""
SETTLED = "delivery_settled"


def second_of(server: Server, folder: Path) -> tuple[Program, str]:
    """Another server on the same configuration, and its address."""
    port, admin = free_port(), free_port()
    environment = {"SERVE_PUBLIC_PORT": str(port), "SERVE_ADMIN_PORT": str(admin)}
    return Program(server.arguments, folder / "second.log", environment), f"http://127.0.0.1:{port}"


def dispatcher(server: Server, name: str, failpoint: str = "") -> Program:
    arguments = [str(BIN / "doorward"), "serve", "--config", str(server.config), "--dev", "--only", "dispatcher"]
    environment = {"DOORWARD_FAILPOINTS": failpoint} if failpoint else {}
    return Program(arguments, server.config.parent / f"{name}.log", environment)


def sign_up(begun_at: str, sent_to: str, email: str) -> str:
    """The flow begins at one server and is submitted at the other; the token of the session."""
    flow = request("GET", f"{begun_at}/self-service/registration/api").body
    action = urlsplit(flow["ui"]["action"])
    traits = {"email": email, "newsletter": True}
    body = json.dumps({"method": "password", "password": PASSWORD, "traits": traits}).encode()
    headers = {"Content-Type": "application/json"}
    answer = exchange(sent_to, "POST", f"{action.path}?{action.query}", body, headers)
    assert answer.status == 200, answer.body
    return str(answer.body["session_token"])


def settled_by(program: Program) -> int:
    return program.log.read_text().count(SETTLED)


def is_stopped(program: Program) -> bool:
    return "State:\tT" in Path(f"/proc/{program.pid}/status").read_text()


class Place:
    """Two servers and their people: each signs up at one server with a flow of the other."""

    def __init__(self, servers: tuple[str, str], simulator: Simulator) -> None:
        self._servers = servers
        self._simulator = simulator
        self.people: list[str] = []

    def sign_up(self, number: int) -> None:
        """Several at once, at both servers; nobody is told that the file is locked. Both know everybody's session."""
        here, there = self._servers
        emails = [f"p{len(self.people) + each}@example.org" for each in range(number)]
        with ThreadPoolExecutor(6) as pool:
            ways = [(here, there, email) if each % 2 else (there, here, email) for each, email in enumerate(emails)]
            sessions = list(pool.map(lambda way: sign_up(*way), ways))
        self.people += emails
        for server in self._servers:
            seen = request("GET", f"{server}/sessions/whoami", headers={"X-Session-Token": sessions[0]})
            assert seen.body["identity"]["traits"]["email"] == emails[0]

    def require_arrival(self) -> None:
        until("every contact", lambda: set(self.people) <= set(self._simulator.emails()), 90)
        assert sorted(self._simulator.emails()) == sorted(self.people)


def test_one_dispatcher_leads_and_the_others_take_over(tmp_path: Path, simulator: Simulator) -> None:
    first = connected(tmp_path, simulator, CONFIG.format(folder=tmp_path), "--only", "public,admin")
    second, second_url = second_of(first, tmp_path)
    crew = [dispatcher(first, name) for name in ("one", "two", "three")]
    with running(first, second, *crew):
        until("the second server", lambda: request("GET", f"{second_url}/health/ready").status == 200)
        place = Place((first.public, second_url), simulator)
        place.sign_up(12)
        place.require_arrival()
        leader = require_one_leader(crew)

        leader.kill()
        crew.remove(leader)
        place.sign_up(4)
        place.require_arrival()
        zombie = require_one_leader(crew)

        os.kill(zombie.pid, signal.SIGSTOP)
        crew.remove(zombie)
        place.sign_up(4)
        place.require_arrival()
        require_one_leader(crew)

        before = settled_by(zombie)
        os.kill(zombie.pid, signal.SIGCONT)
        place.sign_up(8)
        place.require_arrival()
        until("every delivery to be settled", lambda: not first.open_deliveries(), 60)
        assert settled_by(zombie) == before
        assert first.told("deliveries", "list")["counts"]["delivered"] == len(place.people)
        assert '"unexplained": 0' in json.dumps(first.told("hubspot", "check"))


def require_one_leader(crew: list[Program]) -> Program:
    (leader,) = until("a leader", lambda: [each for each in crew if settled_by(each)])
    assert isinstance(leader, Program)
    return leader


def test_a_zombie_does_not_write(tmp_path: Path, simulator: Simulator) -> None:
    """One is stopped when it has claimed, its successor when it has sent; both wake up when a third has delivered."""
    server = connected(tmp_path, simulator, CONFIG.format(folder=tmp_path), "--only", "public,admin")
    claimer = dispatcher(server, "claimer", "delivery.after_claim=stop@1")
    sender = dispatcher(server, "sender", "delivery.after_send=stop@1")
    survivor = dispatcher(server, "survivor")
    with running(server, claimer):
        sign_up(server.public, server.public, "p@example.org")
        until("the claim", lambda: is_stopped(claimer))
        with running(sender):
            until("the send", lambda: is_stopped(sender), 60)
            with running(survivor):
                until("the settling", lambda: not server.open_deliveries(), 60)
                before = attempts(server)
                assert [each["outcome"] for each in before] == ["lost", "lost", "delivered"]
                for zombie in (sender, claimer):
                    os.kill(zombie.pid, signal.SIGCONT)
                    until("a zombie that knows", knows(zombie), 60)
                assert attempts(server) == before
                assert [settled_by(each) for each in (claimer, sender, survivor)] == [0, 0, 1]
                assert simulator.emails() == ["p@example.org"]
                assert sent(simulator) == 2


def knows(zombie: Program) -> Callable[[], bool]:
    return lambda: "lease_lost" in zombie.log.read_text()


def attempts(server: Server) -> list[dict[str, Any]]:
    (delivery,) = server.told("deliveries", "list")["deliveries"]
    found: list[dict[str, Any]] = server.told("deliveries", "show", delivery["id"])["attempts_made"]
    return found


def sent(simulator: Simulator) -> int:
    """How many writes of a contact reached the simulator."""
    entries = request("GET", f"{simulator.url}/_sim/ledger").body["entries"]
    return sum(each["email"] == "p@example.org" for each in entries)
