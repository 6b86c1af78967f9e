"""Which files a running server looks at: its configuration, and the secrets, schemas and templates that it names."""

import re
from collections.abc import Iterable
from pathlib import Path

REFERENCE = re.compile(r"""(?<!\w)file:(?P<slashes>//)?(?P<path>[^\s"'\]},#]+)""")


def watched_files(configs: Iterable[Path]) -> tuple[Path, ...]:
    """The configuration files and every file that they name. Unreadable ones are watched all the same: they may come.

    A secret (`file:PATH`) is relative to its configuration, a URL (`file://PATH`) to the working directory.
    """
    found: list[Path] = []
    for config in configs:
        found.append(config)
        try:
            text = config.read_text()
        except (OSError, UnicodeDecodeError):
            continue
        for each in REFERENCE.finditer(text):
            named = Path(each["path"])
            found.append(named if each["slashes"] else config.parent / named)
    return tuple(dict.fromkeys(found))
