"""Which files a running server looks at: its configuration, and the secrets, schemas and templates that it names."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from doorward.config.load import DEFAULT_FILE
from doorward.config.watch import Seen, look

REFERENCE = re.compile(r"""(?<!\w)file:(?P<slashes>//)?(?P<path>[^\s"'\]},#]+)""")


def files_of(configs: tuple[Path, ...]) -> tuple[Path, ...]:
    """What a server looks at that was started with `configs`; without any, whether there is one now."""
    return watched_files(configs or (Path(DEFAULT_FILE),))


def seen_now(configs: tuple[Path, ...]) -> Mapping[Path, Seen]:
    """As those files are. Taken before they are loaded, so that no later change goes unnoticed."""
    return look(files_of(configs), {})


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
