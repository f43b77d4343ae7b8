"""`icetui browser`: a browser tab as the other side."""

from __future__ import annotations

from typing import Any

import click

from icetui.commands import opened_sources
from icetui.commands.exits import say
from icetui.commands.options import server_options


@click.command()
@server_options
def browser(**chosen: Any) -> None:
    """Make a browser tab the other side: prints a snippet for its console.

    The snippet goes to stdout, what to do with it to stderr.
    """
    import time

    from icetui.commands.browser_snippet import AFTER, BEFORE, snippet

    named = opened_sources.servers(chosen)
    for bad in named.unusable_servers:
        say(f"left out: {bad.url}: {bad.detail}")
    text = snippet(named.stun_servers, named.turn_servers, time.time())
    line = "-" * 78
    say(f"{BEFORE}\n{line}")
    click.echo(text, nl=False)
    say(f"{line}\n\n{AFTER}")
