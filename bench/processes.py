"""What a process and its children have used, from Linux's /proc: processor time and memory.

On a shared machine processor seconds are comparable between runs where rates are not."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, of its descendants, and of those of its children that have ended."""
    total = 0
    for each in _family(pid):
        try:
            # The name in brackets may hold spaces, so fields are counted from behind it.
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / TICKS_PER_S


def resident_mib(pid: int) -> float:
    """Memory of a process and its descendants; what several of them share counts once (PSS)."""
    return sum(_kib(_fields(each, "smaps_rollup").get("Pss", "0 kB")) for each in _family(pid)) / 1024


def _family(pid: int) -> Iterator[int]:
    parents = [pid]
    children: dict[str, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        children.setdefault(_fields(int(path.name), "status").get("PPid", ""), []).append(int(path.name))
    while parents:
        parent = parents.pop()
        yield parent
        parents += children.get(str(parent), [])


def _fields(pid: int, file: str) -> Mapping[str, str]:
    """Empty when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _kib(text: str) -> float:
    return float(text.split()[0])
