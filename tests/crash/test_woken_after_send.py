"""A dispatcher that slept for minutes between answer and settling: it wakes as the holder of a lease that is another's.

It must not settle, not double, not undo what was written meanwhile. Minutes pass by the clock that tests set.
"""

import contextlib
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from postgres_server import NoPostgres, running_postgres
from running import BIN, Program, Server, Simulator, connected, running, until

pytestmark = pytest.mark.slow

CONFIG = """
dsn: "{dsn}"
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
secrets: {{cookie: ["cccccccccccccccccccccccccccccccc"], cipher: ["kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"]}}
"""
EMAIL = "ada@example.org"
LATER = "INSERT INTO {}settings (key, value) VALUES ('clock_offset_s', '300')"
PATIENCE_S = 120
Places = tuple[str, Callable[[], None]]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Places]:
    """A dsn, and what lets five minutes pass for every process on it."""
    if request.param == "sqlite":
        file = tmp_path / "doorward.sqlite"

        def pass_time() -> None:
            with contextlib.closing(sqlite3.connect(file, timeout=PATIENCE_S)) as connection, connection:
                connection.execute(LATER.format(""))

        yield f"sqlite://{file}?_fk=true", pass_time
        return
    try:
        with running_postgres() as server:
            yield server.create_database("doorward"), lambda: print(server.sql(LATER.format("doorward."), "doorward"))
    except NoPostgres as reason:
        pytest.skip(str(reason))


def dispatcher(server: Server, log: Path, failpoints: str = "") -> Program:
    arguments = [str(BIN / "doorward"), "serve", "--config", str(server.config), "--dev", "--only", "dispatcher"]
    return Program(arguments, log, {"DOORWARD_FAILPOINTS": failpoints})


def is_asleep(program: Program) -> bool:
    return Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def first_name(simulator: Simulator) -> str | None:
    found = simulator.find_contact(EMAIL)
    return None if found is None else found["properties"]["firstname"]


def test_it_settles_nothing_and_undoes_nothing(tmp_path: Path, simulator: Simulator, place: Places) -> None:
    dsn, pass_time = place
    server = connected(tmp_path, simulator, CONFIG.format(dsn=dsn), "--only", "public,admin")
    zombie = dispatcher(server, tmp_path / "zombie.log", "delivery.after_send=stop@1")
    other = dispatcher(server, tmp_path / "other.log")

    def deliveries() -> Any:
        return server.told("deliveries", "list")

    with running(server, zombie):
        signed_up = server.sign_up(EMAIL, newsletter=True, name={"first": "old"})
        assert signed_up.status == 200
        until("the sleep", lambda: is_asleep(zombie), PATIENCE_S)
        assert first_name(simulator) == "old"
        assert server.open_deliveries() == {"leased": 1}
        with running(other):
            pass_time()
            until("the other's delivery", lambda: not server.open_deliveries(), PATIENCE_S)
            person = signed_up.body["identity"]["id"]
            server.told("identities", "patch", person, '{"traits": {"name": {"first": "new"}}}')
            until("the change", lambda: first_name(simulator) == "new", PATIENCE_S)
            until("its settling", lambda: not server.open_deliveries(), PATIENCE_S)
            before = deliveries()
            assert zombie.process is not None
            zombie.process.send_signal(signal.SIGCONT)
            until("the loss of the lease", lambda: "lease_lost" in zombie.log.read_text(), PATIENCE_S)
            assert deliveries() == before
            assert first_name(simulator) == "new"
            assert simulator.emails() == [EMAIL]
            assert before["counts"]["delivered"] == 2
        # It is no zombie any more: alone it delivers what comes.
        assert server.sign_up("bob@example.org", newsletter=True).status == 200
        until("the next delivery", lambda: simulator.find_contact("bob@example.org"), PATIENCE_S)
