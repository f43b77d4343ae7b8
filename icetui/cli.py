"""Commands and options (click). What a command needs is imported when it runs: --help and
--version stay quick, and the engine process starts before anything slow is imported."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from icetui import __version__, opening
from icetui.opening import CannotOpen
from icetui.reports.formats import FORMATS

if TYPE_CHECKING:
    from pathlib import Path

    from icetui.sources import Source

F = TypeVar("F", bound=Callable[..., Any])


class File(click.Path):
    """A path to a file; pathlib is imported when one is given, not for --help."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from pathlib import Path

        return Path(str(super().convert(value, param, ctx)))


FILE = File(dir_okay=False)

NO_TERMINAL = (
    "icetui draws on a terminal and this is none; use `icetui peer` for a session without a screen."
)


def fail(sentence: str, code: int = 2) -> NoReturn:
    """One sentence on stderr and an exit code."""
    click.echo(f"icetui: {sentence}", err=True)
    sys.exit(code)


def say(sentence: str) -> None:
    """A line for people."""
    click.echo(sentence, err=True)


def options(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, shown in this order."""

    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


server_options = options(
    click.option(
        "--stun",
        multiple=True,
        metavar="URL",
        help="STUN server, stun:host:port. Repeatable; iceServers as JSON, too.",
    ),
    click.option(
        "--turn",
        multiple=True,
        metavar="URL",
        help="TURN server, turn:user:password@host:port, also turns: and ?transport=tcp; a colon "
        "in the password is %3A. Repeatable; iceServers as JSON, too.",
    ),
    click.option(
        "--turn-secret",
        metavar="TEXT",
        help="Secret shared with the TURN servers: credentials for a day are made of it. "
        "ICETUI_TURN_SECRET keeps it off the command line.",
    ),
    click.option(
        "--turn-credentials",
        metavar="FILE",
        help="File that holds user:password for the TURN servers.",
    ),
)
session_options = options(
    server_options,
    click.option("--no-servers", is_flag=True, default=None, help="Ask no server at all."),
    click.option(
        "--interface",
        multiple=True,
        metavar="NAME",
        help="Gather from this interface only. Repeatable; lo is allowed.",
    ),
    click.option("--ipv4/--no-ipv4", default=None, help="Use IPv4 (on by default)."),
    click.option("--ipv6/--no-ipv6", default=None, help="Use IPv6 (on by default)."),
    click.option(
        "--relay-only", is_flag=True, default=None, help="Use relayed candidates only (TURN)."
    ),
    click.option("--port", type=int, metavar="N", help="Local UDP port; any free one by default."),
    click.option(
        "--pace", type=int, metavar="MS", help="Milliseconds between two checks, Ta; 5 by default."
    ),
    click.option(
        "--rto",
        type=int,
        metavar="MS",
        help="Milliseconds until a check is sent again; by the servers' round trips by default.",
    ),
)
record_option = click.option(
    "--record",
    type=FILE,
    metavar="FILE",
    help="Write the event stream to FILE, without passwords; an earlier recording there is kept "
    "as FILE.1 and so on.",
)
mask_option = click.option(
    "--mask",
    is_flag=True,
    help="Replace every address by a pseudonym in all that is shown or kept.",
)
blob_options = options(
    click.option(
        "--blob-out",
        type=FILE,
        metavar="FILE",
        help="Write our blob to FILE, again whenever it changes.",
    ),
    click.option(
        "--blob-in",
        type=FILE,
        metavar="FILE",
        help="Read their blob from FILE; waits until it is there and whole.",
    ),
)


def has_terminal() -> bool:
    """Whether there is a screen to draw on and a keyboard to read."""
    return all(s is not None and s.isatty() for s in (sys.stdin, sys.stdout))


def data_out() -> IO[bytes]:
    """stdout as bytes; where it is closed, nowhere."""
    if sys.stdout is None:
        import os
        from pathlib import Path

        return Path(os.devnull).open("wb")
    return sys.stdout.buffer


def run_dashboard(source: Source, mask: bool = False) -> NoReturn:
    """Draw a source until the user quits."""
    from icetui.dashboard.app import Dashboard
    from icetui.dashboard.terminal import bear_any_byte

    bear_any_byte()
    app = Dashboard(source, mask=mask)
    code = app.run()
    sys.exit(code if code is not None else app.return_code or 0)


class Commands(click.Group):
    """The commands; what hinders a stream of events from opening is told in its sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CannotOpen as problem:
            fail(str(problem), problem.code)
        except click.UsageError as problem:
            raise click.UsageError(without_secrets(problem.format_message()), problem.ctx) from None


SECRETS = re.compile(
    r"(?P<kept>(?:turns?|stuns?|icetui):)[^\s'\")]+|(?P<object>[{\[].*[}\]])",
    re.IGNORECASE | re.DOTALL,
)


def without_secrets(sentence: str) -> str:
    """What click says of an argument it has no use for, without what may hold a password."""
    return SECRETS.sub(lambda found: (found["kept"] or "") + "…", sentence)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@session_options
@record_option
@mask_option
@blob_options
@click.version_option(__version__, "-V", "--version", message="icetui %(version)s")
@click.pass_context
def main(
    context: click.Context,
    /,
    record: Path | None,
    mask: bool,
    blob_out: Path | None,
    blob_in: Path | None,
    **chosen: Any,
) -> None:
    """Watch two machines find a path to each other, and see exactly why not the others.

    Without a command: the dashboard. Run it on both machines, send each other the blob it shows,
    and paste the other's.
    """
    if context.invoked_subcommand is not None:
        given = [p.name for p in context.command.params if _given(context, p.name)]
        if given:
            flag = str(given[0]).replace("_", "-")
            fail(f"put --{flag} behind the command: icetui {context.invoked_subcommand} --{flag} …")
        return
    if not has_terminal():
        fail(NO_TERMINAL)
    start = opening.start_command(chosen)
    opening.check_folder(blob_out)
    engine = opening.engine(start)
    source = opening.recorded(opening.with_files(engine, blob_out, blob_in), record, mask, say)
    run_dashboard(source, mask)


def _given(context: click.Context, name: str | None) -> bool:
    source = context.get_parameter_source(name) if name else None
    return source is not None and source.name == "COMMANDLINE"


@main.command()
@session_options
@record_option
@mask_option
@click.option("--json", "as_json", is_flag=True, help="Without a terminal: print the events.")
def demo(record: Path | None, mask: bool, as_json: bool, **chosen: Any) -> None:
    """See it work: a second engine on this machine is the far peer. Loopback only, no servers.

    Without a terminal it runs for a moment and prints a report.
    """
    source = opening.recorded(opening.demo(chosen), record, mask, say)
    if has_terminal() and not as_json:
        run_dashboard(source, mask)
    import asyncio

    from icetui.headless import Headless, Options
    from icetui.reports.text import report as text_report

    wanted = Options(
        as_json=as_json,
        hold=2.0,
        give_up=20.0,
        send="hello from icetui demo",
        print_blob=False,
        read_stdin=False,
        say_knocks=False,
    )

    async def run() -> tuple[int, str]:
        headless = Headless(source, wanted, data_out(), say)
        return await headless.run(), text_report(headless.session)

    code, text = asyncio.run(run())
    if not as_json:
        click.echo(text, nl=False)
    sys.exit(code)


@main.command()
@session_options
@record_option
@mask_option
@blob_options
@click.option("--json", "as_json", is_flag=True, help="Print the event stream, a summary last.")
@click.option(
    "--hold",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Stay connected that long, then leave.",
)
@click.option(
    "--give-up",
    type=click.FloatRange(min=0),
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
    **chosen: Any,
) -> None:
    """A session without a screen: prints our blob, reads theirs from stdin.

    \b
    Exit codes: 0 connected (and held), 1 the engine failed, 2 usage,
    3 their blob could not be read, 4 no usable candidate, 5 gave up unconnected,
    6 connected but lost.
    """
    import asyncio

    from icetui.blobfiles import WithBlobFiles
    from icetui.headless import UNREADABLE, USAGE, Headless, Options

    start = opening.start_command(chosen)
    opening.check_folder(blob_out)
    files = WithBlobFiles(opening.engine(start), blob_out, blob_in, form, say)
    source = opening.recorded(files, record, mask, say)
    wanted = Options(
        as_json=as_json,
        hold=hold,
        give_up=give_up,
        # An argument that is no UTF-8 comes with lone surrogates, which no line can carry.
        send=send.encode("utf-8", "replace").decode() if send is not None else None,
        form=form,
        print_blob=blob_out is None,
        read_stdin=blob_in is None,
        hide_blob=mask,
    )

    async def run() -> int:
        headless = Headless(source, wanted, data_out(), say)
        files.on_unreadable = lambda sentence: headless.end(UNREADABLE, sentence)
        files.on_unwritable = lambda sentence: headless.end(USAGE, sentence)
        return await headless.run()

    sys.exit(asyncio.run(run()))


@main.command()
@session_options
@record_option
@mask_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option(
    "--lifetime",
    type=click.FloatRange(min=0, max=600),
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

    start = opening.start_command(chosen, binding_lifetime=lifetime)
    source = opening.recorded(opening.engine(start, failure=FAILED), record, mask, say)
    sys.exit(asyncio.run(examine(source, lifetime, data_out(), say, as_json=as_json)))


class Viewing(click.Command):
    """Remembers whether `--` stood before the arguments, which click itself drops."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        mark = args.index("--") if "--" in args else len(args)
        ctx.obj = bool(args[mark + 1 :])
        return super().parse_args(ctx, args)


@main.command(cls=Viewing)
@click.argument("what", nargs=-1, metavar="FILE | -- COMMAND…")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="How much faster a recording is played.",
)
@click.pass_obj
def view(is_command: bool, /, what: tuple[str, ...], speed: float) -> None:
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
        run_dashboard(opening.process(what))
    run_dashboard(opening.recording(what[0], speed))


@main.command()
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
    from icetui.masking import Mask
    from icetui.recording import UnreadableRecording, read
    from icetui.reports.formats import write
    from icetui.session import fold

    try:
        recorded = read(file)
        told = write(fold(map(Mask().event, recorded) if mask else recorded), form)
    except UnreadableRecording as problem:
        fail(str(problem))
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    # A file that says it is UTF-8 has to be that, whatever the locale.
    click.echo(told if form == "text" else told.encode(), nl=False)


@main.command(name="events")
@click.option("--schema", is_flag=True, required=True, help="Print it as JSON Schema.")
def events_command(schema: bool) -> None:
    """The vocabulary of the event stream."""
    import json

    from icetui.events import schema as json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@main.command()
@click.argument("words", nargs=-1, metavar="[TEXT | FILE]…")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def decode(words: tuple[str, ...], as_json: bool) -> None:
    """What a blob, SDP, trickle JSON or STUN message contains; from stdin without TEXT.

    A STUN message is given as hexadecimal digits, as a hex dump, or as base64.
    """
    import time

    from icetui import decoding
    from icetui.signaling import UnreadableDescription, read, stun_bytes

    text = _text_to_decode(words)
    try:
        message = stun_bytes(text)
        if message is not None:
            told = decoding.stun_as_json if as_json else decoding.stun_as_table
            click.echo(told(message), nl=False)
            return
        description = read(text)
        shown = decoding.as_json(description) if as_json else None
        click.echo(shown or decoding.as_table(description, time.time()), nl=False)
    except UnreadableDescription as problem:
        fail(str(problem), 3)
    except ValueError as problem:
        fail(f"this STUN message is malformed: {problem}", 3)


def _text_to_decode(words: tuple[str, ...]) -> str:
    """The text itself, that of the file it names, or what stands on stdin."""
    from pathlib import Path

    from icetui.signaling import MAX_TEXT
    from icetui.typed import read_typed

    if words not in ((), ("-",)):
        text = " ".join(words)
        try:
            if len(text) < 4096 and Path(text).is_file():
                with Path(text).open("rb") as file:
                    return file.read(MAX_TEXT + 1).decode("utf-8", "replace")
        except OSError as error:
            fail(f"{text} cannot be read: {error.strerror}")
        except ValueError:  # no path has a NUL in it
            pass
        return text
    if sys.stdin is None:
        fail("there is no text: name it, or give it on stdin", 3)
    if sys.stdin.isatty():
        say("Paste the text, then end it with Ctrl-D:")
        return read_typed(sys.stdin.fileno(), MAX_TEXT + 1).decode("utf-8", "replace")
    return sys.stdin.buffer.read(MAX_TEXT + 1).decode("utf-8", "replace")


@main.command(hidden=True)
def engine() -> None:
    """The engine: commands on stdin, events on stdout. A frozen executable starts itself so."""
    from importlib import import_module

    # By name: only this process may load the engine, and it is the engine then.
    import_module("icetui.engine.__main__").run()


@main.command()
@server_options
def browser(**chosen: Any) -> None:
    """Make a browser tab the other side: prints a snippet for its console.

    The snippet goes to stdout, what to do with it to stderr.
    """
    import time

    from icetui.browser import AFTER, BEFORE, snippet

    named = opening.servers(chosen)
    for bad in named.unusable_servers:
        say(f"left out: {bad.detail}")
    text = snippet(named.stun_servers, named.turn_servers, time.time())
    line = "-" * 78
    say(f"{BEFORE}\n{line}")
    click.echo(text, nl=False)
    say(f"{line}\n\n{AFTER}")


if __name__ == "__main__":
    main()
