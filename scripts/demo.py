"""The demonstration: server, dispatcher and simulator here, one sign-up, its time line until the contact is there."""

import argparse
import contextlib
import io
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
HOME = ROOT / ".demo"
TOKEN = "pat-na1-00000000-0000-4000-8000-000000000001"
PUBLIC, ADMIN, SIMULATOR = "http://127.0.0.1:4433", "http://127.0.0.1:4434", "http://127.0.0.1:4480"
CONTACT_WITHIN_S = 10.0


class DemoFailed(Exception):
    """Says what went wrong and where to look."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="exit after the contact landed instead of serving on")
    arguments = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # in a pipe, too, lines stay in order with those of the commands
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with contextlib.ExitStack() as stack:
            run(stack, once=arguments.once)
    except DemoFailed as failure:
        print(f"\ndemo: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The data stays in .demo/.")
    return 0


def run(stack: contextlib.ExitStack, *, once: bool) -> None:
    HOME.mkdir(mode=0o700, exist_ok=True)
    for name, port in (("the server", 4433), ("the admin API", 4434), ("the simulator", 4480)):
        require_free(name, port)
    started = time.monotonic()
    step("Starting the simulator of HubSpot")
    stack.enter_context(program("portalsim", "serve", "--port", "4480", "--store", str(HOME / "portal.sqlite")))
    wait_for(f"{SIMULATOR}/_sim/state", "the simulator")
    step("Connecting: checks the key, creates the properties, writes .demo/doorward.yml")
    connect()
    step("Starting Doorward")
    stack.enter_context(program("doorward", "serve", "--dev", "--config", str(HOME / "doorward.yml")))
    wait_for(f"{ADMIN}/health/ready", "Doorward")
    ready = time.monotonic()
    address = f"ada.{time.strftime('%H%M%S')}@example.org"
    step(f"Signing up {address} through the registration flow, with consent to marketing")
    sign_up(address)
    signed_up = time.monotonic()
    contact = wait_for_contact(address)
    landed = time.monotonic()
    print(f"\n  contact {contact['id']} is in the simulator: {SIMULATOR}/contacts/{contact['id']}\n")
    show("doorward", "hubspot", "where", address, "--config", str(HOME / "doorward.yml"))
    print(
        f"\n  from start to ready {ready - started:.1f} s, from sign-up to contact {landed - signed_up:.2f} s,"
        f" from start to contact {landed - started:.1f} s"
    )
    if not once:
        serve_on(address)


def serve_on(address: str) -> None:
    print(f"""
Now try it yourself (.demo/ has the configuration and the logs; remove it to start afresh):

  sign up                {PUBLIC}/ui/registration
  watch the contacts     {SIMULATOR}/
  the console            {ADMIN}/console/

  where is a contact     .venv/bin/doorward hubspot where {address} --config .demo/doorward.yml
  deliveries             .venv/bin/doorward deliveries list --config .demo/doorward.yml
  the accounting         .venv/bin/doorward hubspot check --config .demo/doorward.yml
  metrics                curl {ADMIN}/metrics/prometheus

Ctrl-C stops it.""")
    while True:
        time.sleep(3600)


def connect() -> None:
    config = HOME / "doorward.yml"
    if not config.exists():
        head = "# The demonstration's configuration.\ndev: true\n"
        config.write_text(f"{head}dsn: sqlite://{HOME / 'doorward.sqlite'}?_fk=true\n")
    token = HOME / "simulator.token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    command = [
        "hubspot",
        "connect",
        "--config",
        str(config),
        "--base-url",
        SIMULATOR,
        "--token-file",
        str(token),
        "--dev",
    ]
    done = subprocess.run([BIN / "doorward", *command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DemoFailed(f"`doorward hubspot connect` failed:\n{done.stdout}{done.stderr}")


def sign_up(address: str) -> None:
    flow = request(f"{PUBLIC}/self-service/registration/api")
    body = {
        "method": "password",
        "password": "correct-horse-battery-42",
        "traits": {"email": address, "name": {"first": "Ada", "last": "Lovelace"}, "newsletter": True},
    }
    request(flow["ui"]["action"], body)


def wait_for_contact(address: str) -> dict[str, Any]:
    url = f"{SIMULATOR}/crm/v3/objects/contacts/{address}?idProperty=email"
    end = time.monotonic() + CONTACT_WITHIN_S
    while time.monotonic() < end:
        try:
            contact: dict[str, Any] = request(url, headers={"Authorization": f"Bearer {TOKEN}"})
            return contact
        except urllib.error.HTTPError as refused:
            if refused.code != 404:
                raise DemoFailed(f"the simulator answered {refused.code}") from None
        time.sleep(0.05)
    show("doorward", "deliveries", "list", "--config", str(HOME / "doorward.yml"))
    raise DemoFailed(
        f"no contact after {CONTACT_WITHIN_S:.0f} s; the logs are .demo/doorward.log and .demo/portalsim.log"
    )


def request(url: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    made = urllib.request.Request(
        url, data, {"Accept": "application/json", "Content-Type": "application/json", **(headers or {})}
    )
    with urllib.request.urlopen(made, timeout=10) as answer:
        return json.load(answer)


@contextlib.contextmanager
def program(name: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with (HOME / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([BIN / name, *arguments], stdout=log, stderr=subprocess.STDOUT, cwd=ROOT)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for(url: str, what: str) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError):
            request(url)
            return
        time.sleep(0.05)
    raise DemoFailed(f"{what} did not come up; see the logs in .demo/")


def require_free(name: str, port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise DemoFailed(f"port {port} is taken, and {name} needs it. Stop what listens there and try again.")


def step(text: str) -> None:
    print(f"• {text}")


def show(name: str, *arguments: str) -> None:
    subprocess.run([BIN / name, *arguments], check=False)


if __name__ == "__main__":
    sys.exit(main())
