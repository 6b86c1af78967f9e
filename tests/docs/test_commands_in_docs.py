"""Every command that a page or a message names exists, with the options that stand there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from doorward.cli.main import main as doorward
from portalsim.cli import main as portalsim

ROOT = Path(__file__).parent.parent.parent
PROGRAMS: dict[str, click.Command] = {"doorward": doorward, "portalsim": portalsim}
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
SOURCES = [*sorted((ROOT / "src").rglob("*.py")), *sorted((ROOT / "scripts").glob("*.py"))]
SPAN = re.compile(r"`([^`\n]+)`")
CODE = re.compile(r"^(?: {4,}|\t)(.+)$", re.MULTILINE)
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:\$ )?(?:\S*/)?(doorward|portalsim) (?=[a-z-])")
ENDS = frozenset({"|", "||", "&&", ";", ">", "&"})


def commands_in(text: str, *, is_source: bool = False) -> Iterator[str]:
    """Pieces of code that begin with one of our programs."""
    pieces = SPAN.findall(text)
    if not is_source:
        pieces += [line for block in FENCED.findall(text) for line in block.splitlines()] + CODE.findall(text)
    for piece in pieces:
        if COMMAND.match(piece.strip()):
            yield piece.strip().replace("\\|", "|")


def mistake_in(command: str) -> str | None:
    """What is wrong with it; `list|show` means each, an ellipsis ends it."""
    words = shlex.split(command.removeprefix("$ "), comments=True)
    found: list[click.Command] = [PROGRAMS[Path(words[0]).name]]
    for word in words[1:]:
        if word in ENDS or word.startswith(("…", "{", "<", "[")):
            return None
        groups = [each for each in found if isinstance(each, click.Group)]
        if groups and not word.startswith("-"):
            below = [(name, group.commands.get(name)) for group in groups for name in word.split("|") if name != "…"]
            unknown = [name for name, each in below if each is None]
            if unknown:
                return f"there is no {', '.join(unknown)}"
            found = [each for _, each in below if each is not None]
        elif word.startswith("-") and not all(_has_option(each, word.partition("=")[0]) for each in found):
            return f"there is no {word}"
    return None


def _has_option(command: click.Command, option: str) -> bool:
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    return option in known | {"--help", "-h"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_of_a_page_exist(page: Path) -> None:
    mistakes = {command: mistake_in(command) for command in commands_in(page.read_text())}
    assert not {command: mistake for command, mistake in mistakes.items() if mistake}


def test_commands_that_the_programs_name_exist() -> None:
    found = [command for file in SOURCES for command in commands_in(file.read_text(), is_source=True)]
    assert len(found) > 20
    assert not {command: mistake for command in found if (mistake := mistake_in(command))}


@pytest.mark.parametrize(
    ("command", "mistake"),
    [
        ("doorward nothing", "there is no nothing"),
        ("doorward hubspot where ada@example.org --nope", "there is no --nope"),
        ("doorward deliveries list|shown", "there is no shown"),
        (".venv/bin/doorward serve --dev --config doorward.yml", None),
        ("doorward deliveries list|show|tail", None),
        ("portalsim serve --store x --nope", "there is no --nope"),
    ],
)
def test_a_mistake_would_be_found(command: str, mistake: str | None) -> None:
    assert mistake_in(command) == mistake
