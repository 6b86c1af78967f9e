"""Exchanges recorded with a real Kratos, played against `doorward serve`: as many are equal as ever were, or more.

All of them but social sign-in, which is not there yet.

The recordings lie outside the repository, in the folder that DOORWARD_CONFORMANCE names. They need the ports 4433 and
4434, which the recorded configuration files fix.
"""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PROGRAM = Path(sys.executable).parent / "doorward"
FLOOR: dict[str, int] = json.loads((HERE / "floor.json").read_text())
COUNT = re.compile(r"^ *(\d+) of +(\d+) equal +(\w+)$", re.M)
PORTS = (4433, 4434, 4471, 4472, 4473)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recordings() -> Path:
    folder = Path(os.environ.get("DOORWARD_CONFORMANCE", ROOT / "../shared/conformance")).resolve()
    if not (folder / "conformance.py").is_file():
        text = f"no recorded exchanges at {folder}; set DOORWARD_CONFORMANCE"
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)
    return folder


@pytest.fixture(scope="module")
def counts(recordings: Path, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> dict[str, int]:
    """Equal scenarios by file; the table is shown in every run."""
    busy = [port for port in PORTS if is_taken(port)]
    assert not busy, f"ports {busy} are taken; the recorded configurations need them"
    logs = tmp_path_factory.mktemp("replay")
    command = [
        sys.executable,
        "-B",
        "conformance.py",
        "replay",
        "--serve",
        f"{PROGRAM} serve --dev --config {{config}}",
    ]
    command += ["--deviations", str(HERE / "deviations.json"), "--logs", str(logs), "--without", "oidc"]
    done = subprocess.run(command, cwd=recordings, capture_output=True, text=True, check=False)
    show(pytestconfig, done.stdout)
    found = {name: int(equal) for equal, _, name in COUNT.findall(done.stdout)}
    assert found, done.stdout + done.stderr
    return found


@pytest.mark.parametrize("name", sorted(FLOOR))
def test_no_fewer_than_before(counts: dict[str, int], name: str) -> None:
    # One of a file may fall to chance: which of two deliveries comes first, a code at the end of its half minute.
    assert counts.get(name, 0) >= FLOOR[name] - 1


def test_every_file_has_a_floor(counts: dict[str, int]) -> None:
    """What has become equal stays equal: write what `show` prints into floor.json."""
    assert counts.keys() <= FLOOR.keys()


def show(config: pytest.Config, told: str) -> None:
    """The table to the terminal, the differences to the log of a failure."""
    print(told)
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    # A deviation that was not needed is told and no failure: some depend on which of two deliveries arrives first.
    shown = ("DIFFERS", "UNUSED deviation")
    lines = [
        line for line in told.splitlines() if COUNT.match(line) or line.endswith("scenarios") or line.startswith(shown)
    ]
    if reporter is not None:
        reporter.write_line("")
        for line in lines:
            reporter.write_line(line)


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
