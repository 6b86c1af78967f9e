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
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.capture import CaptureManager

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PROGRAM = Path(sys.executable).parent / "doorward"
FLOOR: dict[str, int] = json.loads((HERE / "floor.json").read_text())
COUNT = re.compile(r"^ *(\d+) of +(\d+) equal +(\w+)$", re.M)
UNUSED = "UNUSED deviation"
DIFFERS = re.compile(r"^DIFFERS \S+/(\w+)\.(\w+):", re.M)
FEW = 6
PORTS = (4433, 4434, 4471, 4472, 4473)

FAILING = "'webhook_answers."
CHANCE = frozenset(
    {
        "mfa_passwordless.refresh_at_aal2_with_a_code",
        "webhook_answers.registration_by_client",
        "webhook_answers.registration_plain_statuses",
        "webhook_answers.settings_statuses",
        "webhook_answers.too_many_requests_and_unavailable",
        "webhook_answers.verification_statuses",
    }
)
"""Scenarios that look at what has been sent by a certain moment. Kratos sends in the request or tries once a second;
here mails to one person do not wait for each other, and a delivery that failed is tried again, sooner or later.
"""

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Replay:
    """`counts`: equal scenarios by file; `unlucky`: those by file that differ and may, by chance."""

    counts: Counter[str]
    unlucky: Counter[str]
    unused: tuple[str, ...]

    def floor(self, name: str) -> int:
        return FLOOR.get(name, 0) - self.unlucky[name]


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
def replay(recordings: Path, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Replay:
    """All of them once, and once more the few that differ, by themselves: a busy machine brings one out of step, and a
    defect shows both times. The table is shown in every run.
    """
    busy = [port for port in PORTS if is_taken(port)]
    assert not busy, f"ports {busy} are taken; the recorded configurations need them"
    told = played(recordings, tmp_path_factory.mktemp("replay"))
    show(pytestconfig, told)
    counts = Counter({name: int(equal) for equal, _, name in COUNT.findall(told)})
    differing = set(DIFFERS.findall(told))
    if 0 < len(differing) <= FEW:
        words = [f"{file}/{name}" for file, name in sorted(differing)]
        again = played(recordings, tmp_path_factory.mktemp("again"), *words)
        show(pytestconfig, again)
        recovered = differing - set(DIFFERS.findall(again))
        counts.update(file for file, _ in recovered)
        differing -= recovered
    unlucky = Counter(file for file, name in differing if f"{file}.{name}" in CHANCE)
    unused = tuple(line for line in told.splitlines() if line.startswith(UNUSED))
    return Replay(counts, unlucky, unused)


def played(recordings: Path, logs: Path, *words: str) -> str:
    """What the tool says of all scenarios, or of those whose `file/name` begins with a word."""
    command = [sys.executable, "-B", "conformance.py", "replay"]
    command += ["--serve", f"{PROGRAM} serve --dev --config {{config}}"]
    command += ["--deviations", str(HERE / "deviations.json"), "--logs", str(logs), "--without", "oidc", *words]
    done = subprocess.run(command, cwd=recordings, capture_output=True, text=True, check=False)
    assert COUNT.search(done.stdout), done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", sorted(FLOOR))
def test_no_fewer_than_before(replay: Replay, name: str) -> None:
    assert replay.counts.get(name, 0) >= replay.floor(name)


def test_floor_is_raised_with_what_is_gained(replay: Replay) -> None:
    """What has become equal stays equal: write the new counts into floor.json."""
    gained = {name: count for name, count in replay.counts.items() if count > FLOOR.get(name, 0)}
    assert not gained, f"more scenarios are equal than floor.json knows: {gained}"


def test_every_deviation_is_needed(replay: Replay) -> None:
    """A difference that is gone is no deviation: take it off the list. Those of failing targets hang on the moment."""
    assert not [
        line for line in replay.unused if FAILING not in line and not any(f"'{each}'" in line for each in CHANCE)
    ]


def show(config: pytest.Config, told: str) -> None:
    """The table to the terminal, past the capture that hides what tests write; the differences to a failure's log."""
    print(told)
    shown = ("DIFFERS", UNUSED)
    lines = [
        line for line in told.splitlines() if COUNT.match(line) or line.endswith("scenarios") or line.startswith(shown)
    ]
    capture: CaptureManager | None = config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        print("\n", *lines, sep="\n", flush=True)


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
