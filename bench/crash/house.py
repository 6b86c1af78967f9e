"""The processes of a run on one database: servers, dispatchers, the simulator on a file, PostgreSQL where asked for."""

import contextlib
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from postgres_server import PostgresServer, running_postgres
from running import Server, Simulator, connected, free_port, until

from .nursery import Nursery, nursery
from .plan import DISPATCHER, LEASE_S, POSTGRESQL, SERVER, SIMULATOR, Settings
from .victims import PostgresVictim, ProcessVictim, Victim

CONFIG = """
dsn: {dsn}
log: {{level: info}}
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
secrets: {{cookie: ["{cookie}"], cipher: ["{cipher}"]}}
delivery:
  lease_s: {lease_s}
  leadership_s: 3
  retry: {{delays: [{delays}], jitter: 0.2, retry_after_cap: 2s}}
"""
PATIENT = ", ".join(["0.5s"] * 4 + ["1s"] * 96)
"""Nothing dies of a run's many deaths: what is given up would be accounted for, and would prove less."""
PROBE_S = 2.0
START_S = 120.0


@dataclass(frozen=True, slots=True)
class House:
    """`addresses` of the public listeners; `victims` by kind; `dsn` as libpq reads it, or the SQLite file's path."""

    folder: Path
    settings: Settings
    nursery: Nursery
    server: Server
    simulator: Simulator
    addresses: tuple[str, ...]
    victims: dict[str, list[Victim]]
    dsn: str
    postgres: PostgresServer | None

    @property
    def processes(self) -> list[ProcessVictim]:
        return [each for group in self.victims.values() for each in group if isinstance(each, ProcessVictim)]

    def start(self) -> None:
        """All that is ours and not there, without fail points, until all have come. Raises AssertionError."""
        for each in self.processes:
            if each.child is None or each.exit_code is not None or each.next_life:
                if each.child is not None and each.exit_code is None:
                    each.kill()
                each.revive("")
        for each in self.processes:
            until(each.name, lambda each=each: each.is_up, START_S)

    def stop(self) -> None:
        """Servers and dispatchers, gently."""
        for each in self.processes:
            if each.name != SIMULATOR:
                each.stop()


@contextlib.contextmanager
def house(folder: Path, settings: Settings) -> Iterator[House]:
    """Connected to the simulator, which runs; the others do not yet. Whatever lives in the end is killed."""
    with contextlib.ExitStack() as stack:
        postgres: PostgresServer | None = None
        if settings.database == "postgresql":
            postgres = stack.enter_context(running_postgres(is_durable=not settings.is_careless))
        forks = stack.enter_context(nursery())
        simulator = Simulator(folder)
        portal = _portal(forks, simulator, folder)
        portal.revive("")
        until(SIMULATOR, lambda: portal.is_up, START_S)
        place = postgres.create_database("doorward") if postgres else str(folder / "doorward.sqlite")
        dsn = place if postgres else f"sqlite://{place}?_fk=true"
        config = CONFIG.format(dsn=dsn, cookie="c" * 32, cipher="k" * 32, lease_s=LEASE_S, delays=PATIENT)
        server = connected(folder, simulator, config, "--only", "public,admin")
        servers, addresses = _servers(forks, server, settings.servers)
        dispatchers = [_dispatcher(forks, server, number) for number in range(settings.dispatchers)]
        victims: dict[str, list[Victim]] = {SERVER: [*servers], DISPATCHER: [*dispatchers], SIMULATOR: [portal]}
        if postgres is not None:
            victims[POSTGRESQL] = [PostgresVictim(POSTGRESQL, postgres)]
        yield House(folder, settings, forks, server, simulator, tuple(addresses), victims, place, postgres)


def _portal(forks: Nursery, simulator: Simulator, folder: Path) -> ProcessVictim:
    arguments = ["serve", "--port", str(simulator.port), "--store", str(folder / "portal.sqlite")]
    ready = _answers(f"{simulator.url}/_sim/state")
    return ProcessVictim(SIMULATOR, forks, "portalsim", arguments, simulator.log, ready)


def _servers(forks: Nursery, server: Server, count: int) -> tuple[list[ProcessVictim], list[str]]:
    """The first is the configuration's own; the others take its file and ports of their own."""
    victims: list[ProcessVictim] = []
    addresses: list[str] = []
    for number in range(count):
        public, admin = (server.public_port, server.admin_port) if number == 0 else (free_port(), free_port())
        environment = {"SERVE_PUBLIC_PORT": str(public), "SERVE_ADMIN_PORT": str(admin)}
        log = server.log.with_name(f"server{number}.log")
        ready = _answers(f"http://127.0.0.1:{admin}/health/ready")
        name = f"{SERVER} {number}"
        victims.append(ProcessVictim(name, forks, "doorward", server.arguments[1:], log, ready, environment))
        addresses.append(f"http://127.0.0.1:{public}")
    return victims, addresses


def _dispatcher(forks: Nursery, server: Server, number: int) -> ProcessVictim:
    arguments = ["serve", "--config", str(server.config), "--dev", "--only", DISPATCHER]
    log = server.log.with_name(f"dispatcher{number}.log")
    return ProcessVictim(f"{DISPATCHER} {number}", forks, "doorward", arguments, log, _has_said_so)


def _has_said_so(victim: ProcessVictim) -> bool:
    """A dispatcher listens nowhere: its log tells that it has come."""
    with victim.log.open("rb") as log:
        log.seek(victim.log_from)
        return b" serving" in log.read()


def _answers(url: str) -> Callable[[ProcessVictim], bool]:
    def ask(_: ProcessVictim) -> bool:
        try:
            with urllib.request.urlopen(url, timeout=PROBE_S) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    return ask
