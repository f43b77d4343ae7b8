"""`icetui peer`: a session without a screen."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from icetui.commands import opened_sources
from icetui.commands.exits import say
from icetui.commands.options import (
    Finite,
    blob_options,
    mask_option,
    record_option,
    session_options,
)

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@session_options
@record_option
@mask_option
@blob_options
@click.option("--json", "as_json", is_flag=True, help="Print the event stream, a summary last.")
@click.option(
    "--hold",
    type=Finite(min=0),
    metavar="SECONDS",
    help="Stay connected that long, then leave.",
)
@click.option(
    "--give-up",
    type=Finite(min=0),
    metavar="SECONDS",
    help="Leave if not connected by then; never by default.",
)
@click.option("--send", metavar="TEXT", help="Send TEXT once connected.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["blob", "sdp", "json", "base64"]),
    help="How to write our description; by default a blob, or the kind that is pasted.",
)
@click.option(
    "--stdin",
    type=click.Choice(["text", "commands"]),
    help="What stdin is: their description, or commands; the latter by default with --json.",
)
@click.argument("theirs", required=False, metavar="[BLOB]")
def peer(
    record: Path | None,
    mask: bool,
    blob_out: Path | None,
    blob_in: Path | None,
    as_json: bool,
    hold: float | None,
    give_up: float | None,
    send: str | None,
    form: str | None,
    stdin: str | None,
    theirs: str | None,
    **chosen: Any,
) -> None:
    """A session without a screen: prints our blob, reads theirs from stdin or takes BLOB.

    With --json stdin is commands instead, one JSON object a line.

    \b
    Exit codes: 0 connected (and held), 1 the engine failed, 2 usage,
    3 their blob could not be read, 4 no usable candidate, 5 gave up unconnected,
    6 connected but lost.
    """
    import asyncio

    from icetui.commands.headless import UNREADABLE, USAGE, Headless, Options
    from icetui.streams.blob_files import WithBlobFiles
    from icetui.streams.console import Console

    start = opened_sources.start_command(chosen)
    opened_sources.check_folder(blob_out)
    pseudonyms = opened_sources.mask(start) if mask else None
    console = Console()

    def tell(sentence: str) -> None:
        """What is pasted is quoted in some sentences, so those are masked, too."""
        console.say(sentence if pseudonyms is None else pseudonyms.text(sentence))

    files = WithBlobFiles(opened_sources.engine(start), blob_out, blob_in, form, tell)
    source = opened_sources.recorded(files, record, pseudonyms, say)
    if theirs is not None:
        opened_sources.paste(source, theirs)
    wanted = Options(
        as_json=as_json,
        hold=hold,
        give_up=give_up,
        blob_in=blob_in,
        # An argument that is no UTF-8 comes with lone surrogates, which no line can carry.
        send=send.encode("utf-8", "replace").decode() if send is not None else None,
        form=form,
        print_blob=blob_out is None,
        read_stdin=blob_in is None,
        commands=stdin == "commands" or (as_json and stdin is None),
        hide_blob=mask,
    )

    async def run() -> int:
        headless = Headless(source, wanted, console, tell)
        files.on_unreadable = lambda sentence: headless.end(UNREADABLE, sentence)
        files.on_unwritable = lambda sentence: headless.end(USAGE, sentence)
        return await headless.run()

    sys.exit(asyncio.run(run()))
