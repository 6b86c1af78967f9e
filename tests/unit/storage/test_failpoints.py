"""Fail points kill at the named pass, only the environment arms them, and the list of them is complete."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from doorward.storage import failpoints
from doorward.storage.failpoints import FAILPOINTS, VARIABLE, WRITES, parse_failpoints
from failpoints_page import PAGE, draw

SOURCES = Path(failpoints.__file__).parents[1]
HERE, OTHER, ELSEWHERE = "delivery.after_claim", "delivery.before_send", "delivery.after_send"
PROGRAM = f"""
from doorward.storage.failpoints import failpoint
for number in range(5):
    failpoint("{OTHER}")
    failpoint("{HERE}")
    print(number, flush=True)
"""
LATE = f"""
import os
from doorward.storage.failpoints import failpoint
os.environ["{VARIABLE}"] = "{HERE}=kill@1"
failpoint("{HERE}")
print("alive")
"""
WRITING = """
from doorward.storage.failpoints import write_failpoint
write_failpoint("SELECT 1 FROM deliveries FOR UPDATE SKIP LOCKED")
write_failpoint("INSERT INTO events (id) VALUES (:id)")
write_failpoint("SELECT created_at, updated_at FROM dropped")
write_failpoint("WITH due AS (SELECT 1) UPDATE deliveries SET state = 'leased'")
"""


def run(armed: str | None, program: str = PROGRAM) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop(VARIABLE, None)
    if armed is not None:
        environment[VARIABLE] = armed
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)


def test_it_kills_at_the_third_pass() -> None:
    done = run(f"{HERE}=kill@3, {ELSEWHERE}=kill@1")
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == ["0", "1"]
    assert done.stderr == f"failpoint {HERE} 3 SIGKILL\n"


def test_unarmed_nothing_happens() -> None:
    for armed in (None, "", f"{ELSEWHERE}=kill@1"):
        done = run(armed)
        assert (done.returncode, done.stdout.split(), done.stderr) == (0, list("01234"), "")


def test_a_trace_tells_of_every_pass() -> None:
    done = run(f"{HERE}=trace")
    assert done.returncode == 0
    assert done.stderr.splitlines() == [f"failpoint {HERE} {number} trace" for number in range(1, 6)]


def test_only_statements_that_write_are_counted() -> None:
    done = run("storage.before_write=trace", WRITING)
    assert done.stderr.splitlines() == [
        "failpoint storage.before_write 1 trace INSERT INTO events",
        "failpoint storage.before_write 2 trace UPDATE deliveries SET state = 'leased'",
    ]
    assert run("storage.before_write=kill@2", WRITING).returncode == -signal.SIGKILL


def test_an_environment_changed_while_it_runs_arms_nothing() -> None:
    assert run(None, LATE).stdout == "alive\n"


def test_nothing_but_the_environment_can_arm_them() -> None:
    """No other module knows the variable or the armed points, and the points themselves cannot be written."""
    knowing = {
        path.name
        for path in SOURCES.rglob("*.py")
        if re.search(
            rf"{VARIABLE}|failpoints import [^\n]*(?:ACTIVE|VARIABLE|parse_failpoints|armed_by)", path.read_text()
        )
    }
    assert knowing == {"failpoints.py"}
    with pytest.raises(TypeError):
        failpoints.ACTIVE[HERE] = None  # type: ignore[index]
    assert not any(VARIABLE in path.read_text() for path in SOURCES.parents[1].glob("requirements/*"))


@pytest.mark.parametrize("text", [HERE, f"{HERE}=explode@1", "=kill@1", f"{HERE}=kill@soon", f"{HERE}=kill@-1"])
def test_a_typing_error_is_loud(text: str) -> None:
    with pytest.raises(ValueError, match=VARIABLE):
        parse_failpoints(text)


def test_an_unknown_name_ends_the_program_with_a_sentence() -> None:
    done = run("delivery.after_clam=kill@1")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"Error: {VARIABLE}: there is no fail point 'delivery.after_clam'; there are ")
    assert len(done.stderr.splitlines()) == 1


def test_the_list_names_every_fail_point_there_is() -> None:
    texts = [path.read_text() for path in SOURCES.rglob("*.py")]
    named = {name for text in texts for name in re.findall(r'\bfailpoint\("([^"]+)"\)', text)}
    assert named | {failpoints.BEFORE_WRITE} == set(FAILPOINTS)
    assert sum(text.count("write_failpoint(sql)\n") for text in texts) == 9


def test_every_statement_of_a_migration_is_a_write() -> None:
    assert all(WRITES.search(text) for text in ("CREATE TABLE x (", "CREATE UNIQUE INDEX y", "ALTER TABLE x ADD z"))


def test_the_page_shows_the_list() -> None:
    assert PAGE.read_text() == draw(), "run .venv/bin/python tests/failpoints_page.py"
