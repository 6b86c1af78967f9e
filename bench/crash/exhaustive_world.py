"""One small world: a database, a portal, a configuration, ports; prepared once, then copied for each point."""

import itertools
import random
import shutil
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from pathlib import Path

from doorward.storage.failpoints import VARIABLE
from running import PASSWORD, TOKEN, Answer, request

from .exhaustive_engines import FILE, Store
from .exhaustive_forks import Forked, fork_doorward, fork_portalsim, until
from .history import Act, Kind, Traits, Verdict
from .portal import Portal, read_portal

CONFIG = """
dev: true
dsn: "@DSN@"
log: {level: warning}
hashers: {algorithm: bcrypt, bcrypt: {cost: 4}}
delivery: {lease_s: 60, poll_s: 0.2}
secrets: {cookie: ["cccccccccccccccccccccccccccccccc"], cipher: ["kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"]}
serve:
  public: {host: 127.0.0.1, port: @PUBLIC@, base_url: "http://127.0.0.1:@PUBLIC@/"}
  admin: {host: 127.0.0.1, port: @ADMIN@, base_url: "http://127.0.0.1:@ADMIN@/"}
"""
PORTAL_FILE = "portal.sqlite"
PORTS = range(20_000, 32_000)
"""Below those that the system gives to connections that go out."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port that no other rig takes until `claim` is closed, even while the server that has it is dead."""

    number: int
    claim: socket.socket


@dataclass(frozen=True, slots=True)
class Ports:
    """Three that differ."""

    public: int
    admin: int
    portal: int
    claims: tuple[socket.socket, ...]

    def given_back(self) -> "Ports":
        """The same numbers, which anybody may take."""
        for each in self.claims:
            each.close()
        return replace(self, claims=())


def quiet_ports() -> Ports:
    """Ports that nobody listens on. Raises OSError when there are none."""
    claimed = map(_find_claimed, random.SystemRandom().sample(PORTS, 300))
    found = list(itertools.islice((each for each in claimed if each is not None), 3))
    if len(found) < 3:
        raise OSError("no ports are free")
    public, admin, portal = (each.number for each in found)
    return Ports(public, admin, portal, tuple(each.claim for each in found))


def _find_claimed(number: int) -> Port | None:
    """A claim is a name in Linux's abstract space, which ends with the socket that has it. It is taken before the port
    is looked at: two rigs that look at once would both find it free."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0doorward-rig-port-{number}")
    except OSError:
        claim.close()
        return None
    if _is_free(number):
        return Port(number, claim)
    claim.close()
    return None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@dataclass(slots=True)
class World:
    """`history` is the clients' log: acts by person. `template` is the configuration with its places left open."""

    folder: Path
    store: Store
    template: str
    ports: Ports = field(default_factory=quiet_ports)
    history: dict[str, list[Act]] = field(default_factory=dict)
    running: list[Forked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.config.write_text(self._filled(self.template))

    @property
    def config(self) -> Path:
        return self.folder / "doorward.yml"

    @property
    def log(self) -> Path:
        return self.folder / "doorward.log"

    @property
    def public(self) -> str:
        return f"http://127.0.0.1:{self.ports.public}"

    @property
    def portal_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.portal}"

    def places(self) -> Mapping[str, str]:
        """What differs between copies, longest first: a path may hold another's beginning."""
        return {
            "@DSN@": self.store.dsn,
            "@FOLDER@": str(self.folder),
            "@PUBLIC@": str(self.ports.public),
            "@ADMIN@": str(self.ports.admin),
            "@PORTAL@": str(self.ports.portal),
        }

    def learn_template(self) -> None:
        """Takes over what `hubspot connect` wrote into the configuration."""
        text = self.config.read_text()
        for mark, value in self.places().items():
            text = text.replace(value, mark)
        self.template = text

    def copy_to(self, folder: Path, name: str) -> "World":
        """The same content elsewhere. Nothing of this world may run."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("*.log", f"{FILE}*"))
        history = {person: list(acts) for person, acts in self.history.items()}
        return World(folder, self.store.copy_to(folder, name), self.template, history=history)

    def start_portal(self) -> None:
        arguments = ["serve", "--port", str(self.ports.portal), "--store", str(self.folder / PORTAL_FILE)]
        self.running.append(fork_portalsim(self.folder / "portalsim.log", arguments))
        until("the portal", lambda: request("GET", f"{self.portal_url}/_sim/state").status == 200)

    def start(self, arguments: Sequence[str], failpoints: str = "") -> Forked:
        """A command of the program."""
        command = [*arguments, "--config", str(self.config)]
        begun = fork_doorward(self.log, command, {VARIABLE: failpoints})
        self.running.append(begun)
        return begun

    def serve(self, *options: str, failpoints: str = "") -> Forked:
        """`doorward serve` in one process, so that it dies as a whole at a fail point."""
        return self.start(["serve", "--dispatcher", "inside", *options], failpoints)

    def wait_ready(self, server: Forked) -> bool:
        """Whether it answers; False when it died first."""
        url = f"http://127.0.0.1:{self.ports.admin}/health/ready"
        until("the server", lambda: server.poll() is not None or request("GET", url).status == 200)
        return server.poll() is None

    def tell(self) -> str:
        """The end of the log and what is still open, for whoever has to find out why."""
        log = self.log.read_text()[-3000:] if self.log.exists() else "no log"
        waiting = [each for each in self.store.read().deliveries if each.state not in {"delivered", "skipped"}]
        return f"{waiting}\n{log}"

    def stop(self) -> None:
        """Kills what runs, nothing here gets to say good-bye, and gives the ports back."""
        for each in reversed(self.running):
            each.kill()
        self.running.clear()
        self.ports = self.ports.given_back()

    def read_portal(self) -> Portal:
        return read_portal(self.portal_url, TOKEN)

    def sign_up(self, person: str, *, agrees: bool) -> Act:
        """Through the registration flow of a native client; the act as it is in the log afterwards."""
        wants = Traits(f"{person}@example.org", "v0", agrees)
        act = self.ask(person, "sign_up", wants)
        try:
            flow = request("GET", f"{self.public}/self-service/registration/api")
            if flow.status != 200:
                return self.answered(act, "no")
            traits = {"email": wants.email, "name": {"first": wants.first}, "newsletter": agrees}
            body = {"method": "password", "password": PASSWORD, "traits": traits}
            answer = request("POST", flow.body["ui"]["action"], body)
        except (OSError, HTTPException):
            return self.answered(act, "unknown")
        return self.answered(act, *_judged(answer))

    def ask(self, person: str, kind: Kind, wants: Traits | None) -> Act:
        """Writes down what is asked for, before it is."""
        number = sum(map(len, self.history.values()))
        act = Act(number, person, kind, wants, time.time())
        self.history.setdefault(person, []).append(act)
        return act

    def answered(self, act: Act, verdict: Verdict, identity: str | None = None) -> Act:
        """Writes down the answer."""
        done = replace(act, answered_at=time.time(), verdict=verdict, identity=identity)
        acts = self.history[act.person]
        acts[acts.index(act)] = done
        return done

    def identity_of(self, person: str) -> str:
        """As it was answered."""
        return next(act.identity for act in self.history[person] if act.identity)

    def _filled(self, template: str) -> str:
        for mark, value in self.places().items():
            template = template.replace(mark, value)
        return template


def _judged(answer: Answer) -> tuple[Verdict, str | None]:
    if answer.status == 200:
        return "yes", answer.body["identity"]["id"]
    return ("exists" if answer.status == 400 else "unknown"), None
