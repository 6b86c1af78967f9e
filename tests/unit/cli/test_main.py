"""What a command says is its own: nothing of a driver's log gets in."""

import subprocess
import sys

SCRIPT = """
import logging
from click.testing import CliRunner
from doorward.cli.main import main
assert CliRunner().invoke(main, ["identities", "--help"]).exit_code == 0
try:
    raise OSError("Connection reset by peer")
except OSError:
    logging.getLogger("asyncpg.pool").warning("Failed to restore the pool connection floor; retrying", exc_info=True)
"""


def test_a_drivers_warning_is_no_traceback_for_the_user() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
