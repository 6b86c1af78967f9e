"""Every fault × every situation × every open question about HubSpot: all arrive, or wait for a step that helps.

The matrix is printed, and docs/reference/fault-matrix.md has to say the same.
"""

import os
import re
from collections.abc import Iterator, Sequence

import click
import pytest

from doorward.cli.main import main
from faults.founding import founded_town, sqlite_dsn
from faults.kinds import FAULTS
from faults.matrix import DEFAULTS, Switches, play_all, variants
from faults.page import PAGE, draw, table
from faults.play import Cell
from faults.situations import SITUATIONS
from faults.steps import STEPS
from postgres_server import NoPostgres, PostgresServer, running_postgres

COMMAND = re.compile(r"`doorward ([a-z ]+)`")


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[PostgresServer]:
    try:
        with running_postgres() as server:
            yield server
    except NoPostgres as reason:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(reason))


async def played(dsn: str, columns: Sequence[Switches]) -> list[Cell]:
    """All cells, after none of them failed."""
    async with founded_town(dsn) as town:
        cells, failures = await play_all(town, columns, lambda switches: None)
    assert not failures, "\n".join(map(str, failures))
    assert len(cells) == len(FAULTS) * len(SITUATIONS) * len(columns)
    return cells


def shown(request: pytest.FixtureRequest, cells: Sequence[Cell]) -> None:
    """Prints the table, captured output or not."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    assert reporter is not None
    reporter.write_line("")
    for line in table([each for each in cells if not each.switches]):
        reporter.write_line(line)


@pytest.mark.slow
async def test_everybody_arrives_or_waits_for_a_step_that_helps(request: pytest.FixtureRequest) -> None:
    with sqlite_dsn() as dsn:
        cells = await played(dsn, [DEFAULTS, *variants()])
    shown(request, cells)
    assert {stop.code for each in cells for stop in each.steps} == STEPS.keys(), (
        "a step that nobody has to take any more"
    )
    assert PAGE.read_text() == draw(cells), (
        "write the page anew: PYTHONPATH=tests .venv/bin/python -m faults.write_page"
    )


@pytest.mark.slow
@pytest.mark.postgres
async def test_postgresql_makes_no_difference(postgres_server: PostgresServer) -> None:
    cells = await played(postgres_server.create_database("matrix"), [DEFAULTS])
    lines = PAGE.read_text().splitlines()
    assert [line for line in table(cells) if line not in lines] == []


@pytest.mark.parametrize("code", STEPS)
def test_what_a_person_is_told_to_run_can_be_run(code: str) -> None:
    step = STEPS[code]
    for words in COMMAND.findall(f"{step.told} {step.does}"):
        found: click.Command | None = main
        for word in words.split():
            assert isinstance(found, click.Group), words
            found = found.commands.get(word)
        assert found is not None, words
