"""`icetui report`: a recording as a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from icetui.commands.exits import fail
from icetui.commands.options import FILE, mask_option
from icetui.reports.formats import FORMATS

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="json: the summary; csv: the pairs with all figures.",
)
@mask_option
def report(file: Path, form: str, mask: bool) -> None:
    """A recording as a report, on stdout."""
    from icetui.reports.formats import write
    from icetui.session import fold
    from icetui.streams.masking import Mask
    from icetui.streams.recording import UnreadableRecording, read

    try:
        recorded = read(file)
        if mask:
            pseudonyms = Mask()
            if file.is_file():  # a text may repeat a name that a field holds only later
                for event in read(file):
                    pseudonyms.look_at(event)
            recorded = map(pseudonyms.event, recorded)
        told = write(fold(recorded), form)
    except UnreadableRecording as problem:
        fail(str(problem))
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    # A file that says it is UTF-8 has to be that, whatever the locale.
    click.echo(told if form == "text" else told.encode(), nl=False)
