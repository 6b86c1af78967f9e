"""Starts a target for web_hooks as a process of its own, so that it costs the server's none."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def running_target(program: str) -> Iterator[str]:
    """The address of a program that prints it as its first line and then serves until it is killed."""
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()
