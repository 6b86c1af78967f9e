"""What a fork of a loaded process does from its birth to its end: the program's own entry point, nothing of ours."""

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from doorward.storage import failpoints


def live(log: Path, command: Callable[[], object], environment: Mapping[str, str]) -> None:
    """The child's whole life; never returns. Its output goes to `log`, and its input is empty."""
    code = 1
    try:
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, stream in ((nothing, 0), (out, 1), (out, 2)):
            os.dup2(source, stream)
        os.environ.update(environment)
        # The variable is read when the module is loaded, which was before the fork.
        importlib.reload(failpoints)
        command()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
