"""Exchanges recorded with a real Kratos, played against `doorward serve`: as many are equal as ever were, or more.

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
WORDS = (
    "base_registration/",
    "unified/",
    "nosession/registration",
    "edges_http/bodies_registration",
    "edges_http/content_types_registration",
    "edges_http/wrong_types_registration",
    "edges_http/wrong_types_traits",
    "edges_http/form_",
    "edges_browser/return_to_registration",
    "base_sessions/",
    "sessions_more/",
    "sessions_extend/",
    "expiry_sessions/",
    "base_login/logout",
    "hooks/registration_api",
    "hooks/registration_before",
    "hooks/registration_browser",
    "hooks/registration_cancel",
    "hooks/registration_parse",
    "hooks/registration_spa",
)
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
def counts(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Equal scenarios by file."""
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
    command += ["--deviations", str(HERE / "deviations.json"), "--logs", str(logs), *WORDS]
    done = subprocess.run(command, cwd=recordings, capture_output=True, text=True, check=False)
    print(done.stdout)
    found = {name: int(equal) for equal, _, name in COUNT.findall(done.stdout)}
    assert found, done.stdout + done.stderr
    assert "UNUSED deviation" not in done.stdout
    return found


@pytest.mark.parametrize("name", sorted(FLOOR))
def test_no_fewer_than_before(counts: dict[str, int], name: str) -> None:
    assert counts.get(name, 0) >= FLOOR[name]


def test_floor_is_raised_with_what_is_gained(counts: dict[str, int]) -> None:
    """What has become equal stays equal: write the new counts into floor.json."""
    gained = {name: count for name, count in counts.items() if count > FLOOR.get(name, 0)}
    assert not gained, f"more scenarios are equal than floor.json knows: {gained}"


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
