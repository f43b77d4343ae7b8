"""`icetui view`: the dashboard over a recording, or over another process's events."""

from __future__ import annotations

import click

from icetui.commands import opened_sources
from icetui.commands.exits import fail
from icetui.commands.options import Finite, quiet_option
from icetui.commands.screen import has_terminal, run_dashboard


class Viewing(click.Command):
    """Remembers whether `--` stood before the arguments, which click itself drops."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        mark = args.index("--") if "--" in args else len(args)
        ctx.obj = bool(args[mark + 1 :])
        return super().parse_args(ctx, args)


@click.command(cls=Viewing)
@click.argument("what", nargs=-1, metavar="FILE | -- COMMAND…")
@click.option(
    "--speed",
    type=Finite(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="How much faster a recording is played.",
)
@quiet_option
@click.pass_obj
def view(is_command: bool, /, what: tuple[str, ...], speed: float, quiet: bool) -> None:
    """The dashboard over a recording, or over another process's event stream.

    \b
    icetui view session.jsonl
    icetui view -- ssh host icetui peer --json
    """
    if not what:
        fail("name a recording, or a command behind --: icetui view -- ssh host icetui peer --json")
    if not has_terminal():
        fail("this draws on a terminal and there is none; `icetui report FILE` prints a report")
    if is_command or len(what) > 1:
        run_dashboard(opened_sources.process(what), quiet=quiet)
    run_dashboard(opened_sources.recording(what[0], speed), quiet=quiet)
