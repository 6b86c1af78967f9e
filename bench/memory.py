"""Memory at rest: the server with its dispatcher and template workers, after one sign-up."""

import argparse

from processes import resident_mib
from stack import report, stack, until


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with stack() as (server, simulator):
        server.sign_up("ada@example.org", newsletter=True)
        until("the contact", lambda: simulator.find_contact("ada@example.org"))
        figures = {"MiB, server and template workers": resident_mib(server.pid)}
        report("memory at rest", figures, arguments.json)


if __name__ == "__main__":
    main()
