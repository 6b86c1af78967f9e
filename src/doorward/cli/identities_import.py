"""`doorward identities import`: JSON lines become identities. A bad line is named with its reason; it stops none."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import click

from doorward.app.core import opened_core
from doorward.app.loading import Sources
from doorward.cli.consents import CAUSE_HELP
from doorward.cli.import_rows import Line, read_lines
from doorward.cli.import_run import ImportRun, ImportSettings, Settled
from doorward.cli.import_state import ImportState, read_state, write_state
from doorward.cli.options import installation_options, json_option
from doorward.cli.output import print_json_line, run, say, tell_refusal
from doorward.cli.progress import progress
from doorward.errors import DoorwardError

STDIN = "-"
CHUNK_BYTES = 1 << 20


@dataclass(slots=True)
class Tally:
    """How many lines ended how."""

    imported: int = 0
    skipped: int = 0
    rejected: int = 0

    def add(self, settled: Settled) -> None:
        if settled.refusal is not None:
            self.rejected += 1
        elif settled.identity_id is not None:
            self.imported += 1
        else:
            self.skipped += 1


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where an import tells what happened: the state file, a file of refused lines, standard output."""

    source: str
    state: Path | None
    rejects: BinaryIO | None
    as_json: bool

    def remember(self, done: int, pending: Mapping[int, UUID]) -> None:
        if self.state is not None:
            write_state(self.state, ImportState(self.source, done, pending))

    def tell(self, settled: Settled) -> None:
        """A refused line: its number, a stable code, a reason. The line itself only into the file of refused lines."""
        tell_refusal(settled.line.number, settled.refusal, as_json=self.as_json)
        if settled.refusal is not None and self.rejects is not None and settled.line.text is not None:
            self.rejects.write(settled.line.text.rstrip(b"\r\n") + b"\n")


@click.command("import")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=str), default=STDIN)
@click.option("--resume", type=click.Path(path_type=Path, dir_okay=False), help="State file: go on where it says.")
@click.option("--skip-existing", is_flag=True, help="Pass over lines whose external_id (or kept id) is here already.")
@click.option("--keep-ids", is_flag=True, help="Keep the ids that the lines name, e.g. those of a Kratos.")
@click.option("--rejects", type=click.File("ab"), help="Append the refused lines to this file, to be mended.")
@click.option("--batch-size", type=click.IntRange(1, 1000), default=200, show_default=True, help="Per transaction.")
@click.option("--check", is_flag=True, help="Say what is wrong with the lines; store nothing.")
@click.option("--consent-source", default=None, help=CAUSE_HELP)
@installation_options
@json_option
def import_(
    file: str,
    resume: Path | None,
    skip_existing: bool,
    keep_ids: bool,
    rejects: BinaryIO | None,
    batch_size: int,
    check: bool,
    consent_source: str | None,
    config: Sources,
    as_json: bool,
) -> None:
    """Import identities from FILE (JSON lines; - is standard input).

    A line is the body of POST /admin/identities, or an identity as `identities export` and Kratos's admin API show it.
    Each imported identity is announced like any other new one.
    """
    settings = ImportSettings(keep_ids, skip_existing, check, consent_source)
    outputs = Outputs(file if file == STDIN else str(Path(file).resolve()), resume, rejects, as_json)
    try:
        state = ImportState(outputs.source) if resume is None else read_state(resume, outputs.source)
    except DoorwardError as error:
        raise click.ClickException(f"{error} [{error.code()}]") from None

    async def work() -> Tally:
        tally = Tally()
        with ExitStack() as stack:
            stream = stack.enter_context(_opened(file))
            advance = stack.enter_context(progress("Importing"))
            total = None if file == STDIN else _count_lines(file)
            async with opened_core(config) as core:
                done, pending = state.done, state.pending
                import_run = ImportRun(core, settings, lambda ids: outputs.remember(done, ids))
                for batch in _batches(read_lines(stream, done), batch_size):
                    for settled in await import_run.settle(batch, pending):
                        tally.add(settled)
                        outputs.tell(settled)
                    done, pending = batch[-1].number, {}
                    if not check:
                        outputs.remember(done, pending)
                    advance(done, total)
        return tally

    tally = run(work())
    if as_json:
        print_json_line({"summary": asdict(tally)})
    else:
        verb = "fit" if check else "imported"
        say(f"{tally.imported} {verb}, {tally.skipped} passed over, {tally.rejected} refused.")
    if tally.rejected:
        sys.exit(1)


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == STDIN:
        yield sys.stdin.buffer
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 -- closed below
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}.") from None
    with stream:
        yield stream


def _batches(lines: Iterator[Line], size: int) -> Iterator[list[Line]]:
    while batch := list(islice(lines, size)):
        yield batch


def _count_lines(file: str) -> int:
    """For the bar only: how far there is to go."""
    with Path(file).open("rb") as stream:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(CHUNK_BYTES), b""))
