"""Real processes for the acceptance and crash tests: server and simulator on free ports, in a folder of their own."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

BIN = Path(sys.executable).parent
TOKEN = "pat-na1-00000000-0000-4000-8000-000000000001"
PATIENCE_S = 30.0
DELIVERIES = re.compile(r'doorward_deliveries\{.*state="(\w+)".*\} (\S+)')
PASSWORD = "correct-horse-battery-42"


@dataclass
class Answer:
    """Status and body of one HTTP answer."""

    status: int
    body: Any
    headers: Mapping[str, str]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def request(
    method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None, *, timeout_s: float = 20
) -> Answer:
    """One JSON exchange; an error status is an answer too. Raises OSError when nobody listens or answers."""
    data = None if body is None else json.dumps(body).encode()
    made = urllib.request.Request(
        url, data, {"Accept": "application/json", "Content-Type": "application/json", **(headers or {})}, method=method
    )
    try:
        with urllib.request.urlopen(made, timeout=timeout_s) as answer:
            return Answer(answer.status, _parsed(answer.read()), dict(answer.headers))
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, _parsed(refused.read()), dict(refused.headers))


def exchange(url: str, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
    """One exchange byte by byte: nothing is encoded, added or followed. The answer's header names are in lower case."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    with contextlib.closing(connection):
        connection.request(method, path, body, {"Accept": "application/json", **(headers or {})})
        answer = connection.getresponse()
        return Answer(
            answer.status, _parsed(answer.read()), {name.lower(): value for name, value in answer.getheaders()}
        )


def until(what: str, probe: Any, patience_s: float = PATIENCE_S) -> Any:
    """Asks again until `probe()` gives something true; fails by name after a long time (a bound, not a measurement)."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            found = probe()
            if found:
                return found
        time.sleep(0.02)
    raise AssertionError(f"waited {patience_s:.0f} s for {what}")


@dataclass
class Program:
    """A running process with its log."""

    arguments: list[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.arguments, stdout=log, stderr=log, env={**os.environ, **self.environment}, cwd=self.log.parent
            )

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        """SIGKILL: nothing gets to say good-bye."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"did not stop; see {self.log}:\n{self.log.read_text()[-2000:]}") from None


class Simulator(Program):
    """portalsim on a free port, in memory or on a file."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            [str(BIN / "portalsim"), "serve", "--port", str(self.port), *options], folder / "portalsim.log"
        )

    def start(self) -> None:
        super().start()
        until("the simulator", lambda: request("GET", f"{self.url}/_sim/state").status == 200)

    def find_contact(self, email: str) -> dict[str, Any] | None:
        found = request(
            "GET",
            f"{self.url}/crm/v3/objects/contacts/{email}?idProperty=email&properties=email,firstname,doorward_identity_id",
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        return found.body if found.status == 200 else None

    def emails(self) -> list[str]:
        """E-mails of all contacts, by listing them rather than by looking one up: a double shows."""
        found: list[str] = []
        after: str | None = ""
        while after is not None:
            page = request(
                "GET",
                f"{self.url}/crm/v3/objects/contacts?limit=100&properties=email{f'&after={after}' if after else ''}",
                headers={"Authorization": f"Bearer {TOKEN}"},
            )
            if page.status != 200:
                raise OSError(f"the simulator answered {page.status}")
            found += [contact["properties"].get("email") for contact in page.body["results"]]
            after = page.body.get("paging", {}).get("next", {}).get("after")
        return found

    def arm(self, kind: str, **options: Any) -> None:
        """Arms a fault."""
        armed = request("POST", f"{self.url}/_sim/faults", {"kind": kind, **options})
        assert armed.status < 300, armed.body

    def disarm(self) -> None:
        """Ends all faults."""
        request("DELETE", f"{self.url}/_sim/faults")


class Server(Program):
    """`doorward serve` on free ports with a configuration file."""

    def __init__(self, folder: Path, config: str, *options: str, environment: Mapping[str, str] | None = None) -> None:
        self.public_port, self.admin_port = free_port(), free_port()
        self.public, self.admin = f"http://127.0.0.1:{self.public_port}", f"http://127.0.0.1:{self.admin_port}"
        self.config = folder / "doorward.yml"
        ports = f"""
serve:
  public: {{host: 127.0.0.1, port: {self.public_port}, base_url: "{self.public}/"}}
  admin: {{host: 127.0.0.1, port: {self.admin_port}, base_url: "{self.admin}/"}}
"""
        self.config.write_text(config + ports)
        arguments = [str(BIN / "doorward"), "serve", "--config", str(self.config), *options]
        super().__init__(arguments, folder / "doorward.log", environment or {})

    def start(self) -> None:
        super().start()
        until("the server", lambda: request("GET", f"{self.admin}/health/ready").status == 200)

    def reload(self) -> None:
        """SIGHUP, and waits until the new configuration serves."""
        assert self.process is not None
        before = self.reloads()
        self.process.send_signal(signal.SIGHUP)
        until("the reload", lambda: self.reloads() > before)

    def reloads(self) -> int:
        """How often every process of this server has taken a new configuration over."""
        log = self.log.read_text()
        parts = [("admin,public", "dispatcher"), ("admin,dispatcher,public",)]["inside" in self.arguments]
        return min(log.count(f" reloaded parts={each}\n") for each in parts)

    def command(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Another command of the program on the same installation."""
        dev = ["--dev"] if "--dev" in self.arguments and "--dev" not in arguments else []
        return subprocess.run(
            [str(BIN / "doorward"), *arguments, *dev, "--config", str(self.config)],
            capture_output=True,
            input=stdin,
            text=True,
            check=False,
            env={**os.environ, **self.environment},
            cwd=self.config.parent,
        )

    def told(self, *arguments: str, stdin: str | None = None) -> Any:
        """What a command that has to succeed prints as JSON."""
        done = self.command(*arguments, "--json", stdin=stdin)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def open_deliveries(self) -> dict[str, int]:
        """How many deliveries that have not ended are in each state, as the metrics tell: quicker than a command."""
        counts: dict[str, int] = {}
        for line in str(request("GET", f"{self.admin}/metrics/prometheus").body).splitlines():
            if found := DELIVERIES.match(line):
                counts[found[1]] = counts.get(found[1], 0) + int(float(found[2]))
        return counts

    def sign_up(self, email: str, **traits: Any) -> Answer:
        """Through the real registration flow of a native client."""
        flow = request("GET", f"{self.public}/self-service/registration/api").body
        body = {"method": "password", "password": PASSWORD, "traits": {"email": email, **traits}}
        return request("POST", flow["ui"]["action"], body)


def connected(folder: Path, simulator: Simulator, config: str, *options: str) -> Server:
    """A server that `doorward hubspot connect` has connected to the simulator; not started yet."""
    server = Server(folder, config, "--dev", *options)
    token = folder / "simulator.token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    done = server.command("hubspot", "connect", "--base-url", simulator.url, "--token-file", str(token))
    assert done.returncode == 0, done.stdout + done.stderr
    return server


@contextlib.contextmanager
def running(*programs: Program) -> Iterator[None]:
    """Starts them in order, stops them in reverse whatever happens."""
    with contextlib.ExitStack() as stack:
        for program in programs:
            program.start()
            stack.callback(_end, program)
        yield


def _end(program: Program) -> None:
    process = program.process
    if process is not None and process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")
