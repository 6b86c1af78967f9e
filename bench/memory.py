"""Memory at rest: the server with its dispatcher and template workers, after one sign-up."""

import argparse
from pathlib import Path

from stack import report, stack, until


def resident_mib(pid: int) -> float:
    """A process and its children."""
    total = 0.0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if int(fields.get("Pid", "0")) == pid or int(fields.get("PPid", "0")) == pid:
            total += int(fields.get("VmRSS", "0 kB").split()[0]) / 1024
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with stack() as (server, simulator):
        server.sign_up("ada@example.org", newsletter=True)
        until("the contact", lambda: simulator.find_contact("ada@example.org"))
        assert server.process is not None
        report("memory at rest", {"MiB, server and template workers": resident_mib(server.process.pid)}, arguments.json)


if __name__ == "__main__":
    main()
