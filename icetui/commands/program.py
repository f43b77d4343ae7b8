"""The commands as one program (click). What a command needs is imported when it runs: --help and
--version stay quick, and the engine process starts before anything slow is imported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from icetui import __version__
from icetui.commands.browser_command import browser
from icetui.commands.completion_command import completion
from icetui.commands.config_command import config
from icetui.commands.dashboard_command import dashboard
from icetui.commands.decode_command import decode
from icetui.commands.demo_command import demo
from icetui.commands.doctor_command import doctor
from icetui.commands.events_command import events_command
from icetui.commands.exits import fail
from icetui.commands.options import (
    blob_options,
    mask_option,
    quiet_option,
    record_option,
    session_options,
)
from icetui.commands.peer_command import peer
from icetui.commands.processes import engine, network
from icetui.commands.report_command import report
from icetui.commands.view_command import view
from icetui.streams.cannot_open import CannotOpen

if TYPE_CHECKING:
    from pathlib import Path

EPILOG = (
    "Without --stun, --turn or --no-servers two public STUN servers are asked: "
    "stun.l.google.com:19302 and stun.cloudflare.com:3478. Settings: icetui.toml (icetui config "
    "says where), or ICETUI_ and an option's name in capitals in the environment; ICETUI_CONFIG "
    "names another file. NO_COLOR is heeded."
)


def _is_full(error: OSError) -> bool:
    """Whether a write failed for want of room; a command that prints does little else."""
    import errno

    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def _close_stdout() -> None:
    """What stdout holds unwritten is tried again at the end, and would fail again."""
    import os

    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


class Commands(click.Group):
    """The commands, and theirs as the first word; what hinders a stream of events from opening is
    told in its sentence."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A first word that is no command is their description if it looks like one."""
        word = args[0] if args else ""
        if self.get_command(ctx, word) is None and looks_like_theirs(word):
            return "with-theirs", with_theirs, args
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CannotOpen as problem:
            fail(str(problem), problem.code)
        except click.UsageError as problem:
            raise click.UsageError(without_secrets(problem.format_message()), problem.ctx) from None
        except OSError as error:
            if not _is_full(error):
                raise
            _close_stdout()
            fail(f"stdout cannot be written: {error.strerror}")


SECRETS = re.compile(
    r"(?P<kept>(?:turns?|stuns?|icetui):)[^\s'\")]+|(?P<object>[{\[].*[}\]])",
    re.IGNORECASE | re.DOTALL,
)


def without_secrets(sentence: str) -> str:
    """What click says of an argument it has no use for, without what may hold a password."""
    return SECRETS.sub(lambda found: (found["kept"] or "") + "…", sentence)


def looks_like_theirs(word: str) -> bool:
    """Whether a word on the command line is a description rather than a mistyped command."""
    return "icetui:" in word or word.startswith(("v=0", "{", "a=", "candidate:", "eyJ"))


def _given(context: click.Context, name: str | None) -> bool:
    source = context.get_parameter_source(name) if name else None
    return source is not None and source.name == "COMMANDLINE"


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)
@session_options
@record_option
@mask_option
@blob_options
@quiet_option
@click.version_option(__version__, "-V", "--version", message="icetui %(version)s")
@click.pass_context
def main(
    context: click.Context,
    /,
    record: Path | None,
    mask: bool,
    quiet: bool,
    blob_out: Path | None,
    blob_in: Path | None,
    **chosen: Any,
) -> None:
    """Watch two machines find a path to each other, and see exactly why not the others.

    Without a command: the dashboard. Run it on both machines, send each other the blob it shows,
    and paste the other's. Theirs may also stand on the command line (icetui BLOB) or come from a
    file (icetui < FILE).
    """
    if context.invoked_subcommand == "with-theirs":
        context.obj = (record, mask, quiet, blob_out, blob_in, chosen)
        return
    if context.invoked_subcommand is not None:
        given = [p.name for p in context.command.params if _given(context, p.name)]
        if given:
            flag = str(given[0]).replace("_", "-")
            fail(f"put --{flag} behind the command: icetui {context.invoked_subcommand} --{flag} …")
        return
    dashboard(None, record, mask, quiet, blob_out, blob_in, chosen)


@click.command(hidden=True)
@click.argument("words", nargs=-1)
@click.pass_obj
def with_theirs(settled: tuple[Any, ...], /, words: tuple[str, ...]) -> None:
    """`icetui BLOB`."""
    dashboard(" ".join(words), *settled)


for command in (
    peer,
    demo,
    view,
    doctor,
    report,
    decode,
    browser,
    config,
    completion,
    events_command,
    engine,
    network,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
