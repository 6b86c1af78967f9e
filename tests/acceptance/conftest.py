"""A server connected to a simulator, both real processes on free ports."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from running import TOKEN, Server, Simulator, running

CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite?_fk=true
"""


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    """A simulator in memory."""
    simulator = Simulator(tmp_path)
    with running(simulator):
        yield simulator


@pytest.fixture
def server(tmp_path: Path, simulator: Simulator) -> Server:
    """A server that `doorward hubspot connect` has connected to the simulator; not started yet."""
    server = Server(tmp_path, CONFIG.format(folder=tmp_path), "--dev")
    token = tmp_path / "simulator.token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    done = server.command("hubspot", "connect", "--base-url", simulator.url, "--token-file", str(token), "--dev")
    assert done.returncode == 0, done.stdout + done.stderr
    return server
