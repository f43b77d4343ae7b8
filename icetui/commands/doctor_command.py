"""`icetui doctor`: what this network lets through."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from icetui.commands import opened_sources
from icetui.commands.exits import say
from icetui.commands.options import Finite, mask_option, record_option, session_options

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@session_options
@record_option
@mask_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option(
    "--lifetime",
    type=Finite(min=0, max=600),
    default=0.0,
    metavar="SECONDS",
    help="Also find out how long an unused NAT binding lives, up to so many seconds.",
)
def doctor(record: Path | None, mask: bool, as_json: bool, lifetime: float, **chosen: Any) -> None:
    """What this network lets through, and who can be reached from it.

    \b
    Exit codes: 0 fine, 1 only relayed paths, 2 usage, 3 the examination failed,
    4 nothing works.
    """
    import asyncio

    from icetui.doctor.examination import examine
    from icetui.doctor.facts import FAILED
    from icetui.streams.console import Console

    start = opened_sources.start_command(chosen, binding_lifetime=lifetime, try_relays=True)
    pseudonyms = opened_sources.mask(start) if mask else None
    source = opened_sources.recorded(
        opened_sources.engine(start, failure=FAILED), record, pseudonyms, say
    )
    sys.exit(asyncio.run(examine(source, lifetime, Console(), as_json=as_json)))
