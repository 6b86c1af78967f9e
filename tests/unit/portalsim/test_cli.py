"""The command line: help, stores and ports that cannot be used, and the reference page that names every option."""

import socket
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from portalsim.app import OPERATIONS
from portalsim.cli import main, serve_command
from portalsim.control.stories import STORIES
from portalsim.faults.model import KINDS
from portalsim.happenings import ACTION_NAMES
from portalsim.limits import PLANS
from portalsim.switches import SWITCHES

PAGE = Path(__file__).parents[3] / "docs/reference/portalsim.md"


def test_help_names_the_command() -> None:
    done = CliRunner().invoke(main, ["--help"])
    assert done.exit_code == 0
    assert "serve" in done.output


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = CliRunner().invoke(main, ["serve", "--port", str(taken.getsockname()[1])])
    assert done.exit_code == 1
    assert "cannot listen on 127.0.0.1" in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--time-zone", "Mars/Olympus"], "there is no time zone Mars/Olympus"),
        (["--plan", "huge"], "'huge' is not one of"),
        (["--port", "70000"], "70000"),
    ],
)
def test_what_cannot_be_served_is_said(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(main, ["serve", *arguments])
    assert done.exit_code != 0
    assert said in done.output


def test_a_file_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("Dear Ada, " * 200)
    done = CliRunner().invoke(main, ["serve", "--store", str(other)])
    assert done.exit_code == 1
    assert "cannot be used as a store" in done.output
    assert other.read_text().startswith("Dear Ada")


def test_the_reference_page_names_everything_that_can_be_set_or_asked() -> None:
    page = PAGE.read_text()
    options = [each for param in serve_command.params if isinstance(param, click.Option) for each in param.opts]
    names = [*options, *KINDS, *ACTION_NAMES, *STORIES, *PLANS, *(each.name for each in SWITCHES)]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_the_reference_page_names_every_path() -> None:
    page = PAGE.read_text()
    missing = [each.paths[0] for each in OPERATIONS if f"`{each.method} {each.paths[0]}`" not in page]
    assert missing == []
