"""An installation that sends to HubSpot and to a web_hook receiver, backed up and restored as the how-to has it."""

import json
import os
import re
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from running import BIN, TOKEN, Server, Simulator, request, until

HOWTO = Path(__file__).parent.parent / "docs/howto/back-up-and-restore.md"
CONFIG = """
dsn: {dsn}
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
actions:
  - name: hook
    on: [identity.created]
    hook: web_hook
    config: {{url: "{url}", method: POST, body: "base64://e30=", response: {{ignore: true}}}}
"""
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Receiver:
    """Notes the `webhook-id` of everything that arrives."""

    url: str
    ids: list[str] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            receiver.ids.append(self.headers["webhook-id"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        receiver = Receiver(f"http://127.0.0.1:{http.server_port}/")
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            http.shutdown()
            thread.join()


@dataclass
class House:
    """One installation with what it sends to."""

    server: Server
    simulator: Simulator
    receiver: Receiver
    people: dict[str, str] = field(default_factory=dict)

    def sign_up(self, *names: str) -> None:
        for name in names:
            answer = self.server.sign_up(email_of(name), name={"first": name}, newsletter=True)
            assert answer.status == 200, answer.body
            self.people[name] = answer.body["identity"]["id"]

    def do(self, *arguments: str) -> None:
        done = self.server.command(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr

    def delete(self, *names: str) -> None:
        for name in names:
            self.do("identities", "delete", self.people[name], "--yes")

    def rename(self, name: str, first: str) -> None:
        self.do("identities", "patch", self.people[name], json.dumps({"traits": {"name": {"first": first}}}))

    def settled(self, held: int = 0) -> None:
        """Nothing waits but what is held."""
        until("the deliveries", lambda: self.server.open_deliveries() == ({"held": held} if held else {}), 60)

    def reconcile(self, *options: str) -> tuple[int, dict[str, Any]]:
        done = self.server.command("hubspot", "reconcile", "--json", *options)
        return done.returncode, json.loads(done.stdout)

    def writes(self) -> Counter[str]:
        """How often each delivery was applied in HubSpot."""
        entries = request("GET", f"{self.simulator.url}/_sim/ledger?limit=1000").body["entries"]
        return Counter(each["trace_id"] for each in entries if each["outcome"] == "applied" and each["trace_id"])

    def first_name(self, name: str) -> str | None:
        found = self.simulator.find_contact(email_of(name))
        return None if found is None else found["properties"]["firstname"]


def email_of(name: str) -> str:
    return f"{name.lower()}@example.org"


def destinations(house: House) -> list[str]:
    shown = house.server.told("deliveries", "list")["deliveries"]
    return sorted({each["destination"] for each in shown})


def pause(house: House, names: list[str]) -> None:
    for name in names:
        house.do("pauses", "pause", "destination", name)


def resume(house: House, names: list[str]) -> None:
    for name in names:
        house.do("pauses", "resume", "destination", name)


def run_howto(heading: str, number: int, replaced: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Runs a block of commands of the how-to, with its paths replaced. There is no systemd in a test."""
    section = HOWTO.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    block: str = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[number]
    script = "\n".join(line for line in block.splitlines() if not line.startswith("systemctl "))
    for old, new in replaced.items():
        script = script.replace(old, new)
    path = f"{BIN}{os.pathsep}{environment.get('PATH', '')}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-euc", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment, "PATH": path},
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
