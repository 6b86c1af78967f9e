"""Fail points kill at the named pass, and only when asked to."""

import os
import signal
import subprocess
import sys

import pytest

from doorward.storage.failpoints import parse_failpoints

PROGRAM = """
from doorward.storage.failpoints import failpoint
for number in range(5):
    failpoint("other")
    failpoint("here")
    print(number, flush=True)
"""


def run(failpoints: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DOORWARD_FAILPOINTS": failpoints, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=False)


def test_it_kills_at_the_third_pass() -> None:
    done = run("here=kill@3, elsewhere=kill@1")
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == ["0", "1"]


def test_without_a_name_nothing_happens() -> None:
    assert run("").stdout.split() == list("01234")
    assert run("elsewhere=kill@1").returncode == 0


@pytest.mark.parametrize("text", ["here", "here=explode@1", "=kill@1", "here=kill@soon"])
def test_a_typing_error_is_loud(text: str) -> None:
    with pytest.raises(ValueError, match=r"DOORWARD_FAILPOINTS|invalid literal"):
        parse_failpoints(text)
