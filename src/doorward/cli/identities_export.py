"""`doorward identities export`: every identity as a JSON line, page by page, so that memory holds one page."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import click
import orjson

from doorward.app.core import opened_core
from doorward.app.loading import Sources
from doorward.cli.options import installation_options
from doorward.cli.output import run, warn
from doorward.cli.progress import progress
from doorward.errors import InvalidInput
from doorward.identities.lists import list_identities
from doorward.identities.query import count_identities
from doorward.identities.render import admin_identity

PAGE = 500
# Personal data and, where asked for, password hashes: nobody else on the machine reads the file.
OWNER_ONLY = 0o600
TAIL_BYTES = 1 << 16


class NotAnExport(InvalidInput):
    """The last line of the file is no identity: it cannot be gone on with."""


@click.command()
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="File; standard output if none.")
@click.option("--resume", is_flag=True, help="Go on after the last identity of the output file.")
@click.option("--credentials", "with_secrets", is_flag=True, help="With what credentials hold, password hashes too.")
@installation_options
def export(output: Path | None, resume: bool, with_secrets: bool, config: Sources) -> None:
    """Write identities as JSON lines, oldest first, as the admin API shows them; `identities import` reads them.

    Who signs up meanwhile is at the end of it; what is changed meanwhile may be in its old or new form.
    """
    if resume and output is None:
        raise click.UsageError("--resume goes on with a file: name it with --output.")

    async def work() -> int:
        with ExitStack() as stack:
            after = _cut_to_last_line(output) if resume and output is not None else None
            stream = stack.enter_context(_opened(output, is_new=not resume))
            advance = stack.enter_context(progress("Exporting"))
            async with opened_core(config) as core:
                reader = core.database.reader
                total = await count_identities(reader)
                written = 0
                while page := await list_identities(reader, PAGE, after):
                    for identity in page:
                        reveal = frozenset(identity.credentials if with_secrets else ())
                        body = admin_identity(identity, core.base_url, reveal)
                        stream.write(orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE))
                    after, written = page[-1].id, written + len(page)
                    stream.flush()
                    advance(written, total)
        return written

    written = run(work())
    if output is not None:
        warn(f"{written} identities written to {output}.")


@contextmanager
def _opened(output: Path | None, *, is_new: bool) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if is_new else 0)
    try:
        descriptor = os.open(output, flags, OWNER_ONLY)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from None
    with os.fdopen(descriptor, "ab") as stream:
        yield stream


def _cut_to_last_line(output: Path) -> UUID | None:
    """The id in the last whole line; half a line after it, from a run that was stopped, goes. Raises NotAnExport."""
    if not output.exists():
        return None
    with output.open("rb+") as stream:
        lines = _last_lines(stream)
        if lines is None:
            stream.truncate(0)
            return None
        start, end = lines
        stream.truncate(end)
        stream.seek(start)
        try:
            return UUID(orjson.loads(stream.read(end - start))["id"])
        except (ValueError, KeyError, TypeError):
            raise NotAnExport from None


def _last_lines(stream: BinaryIO) -> tuple[int, int] | None:
    """Where the last line that ends with a line break begins and ends; None if there is none."""
    end = stream.seek(0, os.SEEK_END)
    breaks: list[int] = []
    position = end
    while position > 0 and len(breaks) < 2:
        size = min(TAIL_BYTES, position)
        position -= size
        stream.seek(position)
        chunk = stream.read(size)
        breaks = [*(position + place for place, byte in enumerate(chunk) if byte == 0x0A), *breaks]
    if not breaks:
        return None
    return (breaks[-2] + 1 if len(breaks) > 1 else 0), breaks[-1] + 1
