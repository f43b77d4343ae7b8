"""`icetui demo`: a session between two homes on a simulated internet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from icetui.commands import opened_sources
from icetui.commands.exits import say
from icetui.commands.options import FILE, mask_option, quiet_option, record_option
from icetui.commands.screen import has_terminal, hold_garbage, run_dashboard

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option(
    "--alice",
    metavar="KIND",
    help="The NAT in front of Alice: open, cone, arc, prc, sym or udpblock; several in a row, from "
    "her outwards, joined by + (prc+sym). prc by default.",
)
@click.option("--bob", metavar="KIND", help="The same for Bob.")
@click.option("--turn/--no-turn", default=True, help="With a TURN server, as by default.")
@click.option("--stun/--no-stun", default=True, help="With a STUN server, as by default.")
@click.option(
    "--loss", metavar="P", help="Per cent of the packets lost on each way to the internet."
)
@click.option(
    "--delay", metavar="MS", help="Milliseconds that each way to the internet takes; 25 by default."
)
@click.option("--network", type=FILE, metavar="FILE", help="The network that FILE describes.")
@click.option(
    "--speed",
    metavar="X",
    help="Seconds of the network in one of yours: 1, 1/10, max …; 1 by default, max without a "
    "terminal.",
)
@click.option(
    "--seed", metavar="N", help="Of all chance: the same seed, the same course of events."
)
@record_option
@mask_option
@quiet_option
@click.option("--json", "as_json", is_flag=True, help="Without a screen: print the events.")
def demo(record: Path | None, mask: bool, quiet: bool, as_json: bool, **chosen: Any) -> None:
    """See it work on a simulated internet: two homes behind NATs, a STUN and a TURN server.

    Alice and Bob each run a real engine, in one process: no packet leaves it, and nothing but
    Python is needed. Without a terminal it runs until there is a path, or none can be, and prints
    a report.
    """
    import asyncio

    from icetui.commands.demo_source import asked_for, demo_source

    screen = has_terminal() and not as_json
    if screen:
        hold_garbage()
    else:
        chosen["speed"] = chosen["speed"] or "max"
    start, sides = asked_for(chosen)
    pseudonyms = opened_sources.mask() if mask else None
    if screen:
        source = opened_sources.recorded(demo_source(start), record, pseudonyms, say)
        run_dashboard(source, mask, quiet=quiet, sides=sides)

    import msgspec

    from icetui.commands.demo_run import STEP, DemoRun
    from icetui.reports.text import report as text_report
    from icetui.streams.console import Console

    stepwise = msgspec.structs.replace(start, until=STEP)

    async def run() -> int:
        source = opened_sources.recorded(demo_source(stepwise), record, pseudonyms, say)
        console = Console()
        playing = DemoRun(source, start.speed, console, as_json=as_json)
        code = await playing.run()
        if not as_json:
            console.data(text_report(playing.session).encode())
        whole = await console.drained()
        return code if whole else 2

    sys.exit(asyncio.run(run()))
