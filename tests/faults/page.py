"""Draws docs/reference/fault-matrix.md from cells that were played. `write_page` writes it, the test compares."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from faults.kinds import FAULTS
from faults.matrix import named
from faults.play import Cell
from faults.situations import SITUATIONS
from faults.steps import STEPS

PAGE = Path(__file__).parents[2] / "docs/reference/fault-matrix.md"
HEAD = """\
# Fault matrix

Every fault of HubSpot that the simulator knows, in every situation, played from the first try to the end. Each cell has
a real database and real HTTP to the simulator, on one clock that both share, so that 27 hours pass in milliseconds.
Where a delivery stops and its reason tells a person what to do, the step is taken as the reason says it, and the cell
goes on: a step that does not help fails the test.

At the end of each cell the simulator's own records are asked. Has each person exactly one contact, with the last state
and with the consent? Is nobody who said no named in any call? Is each contact that others made still what it was, and
was it left alone until the person had proven the address? Was nothing searched for? A cell that breaks one of these is
no line of this page but a failed test.

How to read a cell: what stopped the delivery, and the step that was taken; how it ended; how many tries the slowest
delivery needed (a wait for a pause, a limit or a lock is no try); how long after the fault struck. A person's step
takes two minutes. *Not hit*: the situation makes no call that the fault could spoil. `skipped: nothing_to_remove` after
a deletion: no contact carries the person's id (any more). With two dispatchers the time depends on which came first.

The action of these cells says `write: {firstname: always}`. Without that a name stays as it is on a contact that others
made ([one contact per person](../explanation/one-contact-per-person.md)), and so does a later change of it.

This page is written by `PYTHONPATH=tests .venv/bin/python -m faults.write_page`. The test in `tests/faults` plays all
cells again on SQLite, those of the first table on PostgreSQL too, and fails when the page says otherwise.
"""
OPEN = """\
The simulator has a switch for each question that HubSpot's documentation leaves open. All cells are played under every
value of every switch, one at a time. Compared is the course of each cell: stops, steps, end and tries (not the tries of
two dispatchers: there a limit on calls at a time decides who meets the fault).

Under `adoption_conflict=adopt` HubSpot itself would hand a contact that a form made to whoever signs up with its e-mail
address. A client that upserts by a key of its own cannot prevent that, so here alone the address need not be proven.
"""


def draw(cells: Sequence[Cell]) -> str:
    """The whole page. `cells` hold those under the defaults, and those under each other value of a switch."""
    plain = [each for each in cells if not each.switches]
    return "\n".join(
        [
            HEAD,
            f"## As HubSpot is believed to be ({len(plain)} cells)",
            "",
            *table(plain),
            "",
            "## The steps",
            "",
            *_steps(cells),
            "",
            f"## Where HubSpot may be otherwise ({len(cells) - len(plain)} cells)",
            "",
            OPEN,
            *_switches(plain, cells),
            "",
        ]
    )


def table(plain: Iterable[Cell]) -> list[str]:
    """Faults down, situations across."""
    texts = {(each.fault, each.situation): each.text for each in plain}
    names = [each.name for each in SITUATIONS]
    lines = [_row("Fault", *names), _row(*["---"] * (len(names) + 1))]
    return lines + [_row(fault.name, *(texts.get((fault.name, name), "") for name in names)) for fault in FAULTS]


def _steps(cells: Sequence[Cell]) -> list[str]:
    stops = {stop.code: stop for each in cells for stop in each.steps}
    states = {
        code: sorted({stop.state for each in cells for stop in each.steps if stop.code == code}) for code in stops
    }
    lines = [_row("Reason", "The delivery is", "What a person reads", "What the person does"), _row(*["---"] * 4)]
    return lines + [
        _row(f"`{code}`", " or ".join(states[code]), stops[code].reason, STEPS[code].does)
        for code in STEPS
        if code in stops
    ]


def _switches(plain: Sequence[Cell], cells: Sequence[Cell]) -> list[str]:
    usual = {(each.fault, each.situation): _compared(each) for each in plain}
    columns: dict[str, list[Cell]] = {}
    for each in cells:
        if each.switches:
            columns.setdefault(named(each.switches), []).append(each)
    lines = [_row("Switch", "Cells", "Where the course differs"), _row(*["---"] * 3)]
    for name, column in columns.items():
        others = Counter(
            f"{each.fault}, {each.situation}: {_compared(each)}"
            for each in column
            if _compared(each) != usual.get((each.fault, each.situation))
        )
        lines.append(_row(f"`{name}`", str(len(column)), "<br>".join(others) or "nowhere"))
    return lines


def _compared(cell: Cell) -> str:
    return cell.ending if cell.took is None else cell.course


def _row(*cells: str) -> str:
    return "| " + " | ".join(re.sub(r"(?<!\\)\|", r"\\|", each) for each in cells) + " |"
