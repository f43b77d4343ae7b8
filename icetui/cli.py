"""Commands and options (click). What a command needs is imported when it runs: --help and
--version stay quick, and the engine process starts before anything slow is imported."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from icetui import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from icetui.events import StartSession
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


session_options = options(
    click.option(
        "--stun", multiple=True, metavar="URL", help="STUN server, stun:host:port. Repeatable."
    ),
    click.option(
        "--turn",
        multiple=True,
        metavar="URL",
        help="TURN server, turn:user:password@host:port, also turns: and ?transport=tcp. "
        "Repeatable.",
    ),
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
)
record_option = click.option(
    "--record",
    type=FILE,
    metavar="FILE",
    help="Write the event stream to FILE, without passwords.",
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


def start_command(chosen: dict[str, Any]) -> StartSession:
    """The command that opens a session with these flags, or an exit with a sentence."""
    from icetui.settings import BadSettings, load

    if chosen["no_servers"] and (chosen["stun"] or chosen["turn"]):
        fail("--no-servers and a server contradict each other; leave one of them out")
    try:
        return load(chosen).start()
    except BadSettings as problem:
        fail(str(problem))


def start_engine(start: StartSession, hint: str = "") -> Source:
    """An engine that is gathering already."""
    from icetui.sources import ProcessSource

    try:
        return ProcessSource(first=(start,), hint=hint)
    except OSError as error:
        fail(f"the engine cannot be started: {error.strerror}", 1)


def recorded(source: Source, path: Path | None, mask: bool = False) -> Source:
    """The source, masked if wanted, and also written to a file if one is named."""
    if mask:
        from icetui.masking import Masked

        source = Masked(source)
    if path is None:
        return source
    from icetui.recording import Recorded

    try:
        return Recorded(source, path)
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}")


def check_folder(path: Path | None) -> None:
    """A file that will be written needs a folder that is there."""
    if path is not None and not path.absolute().parent.is_dir():
        fail(f"{path.absolute().parent} is no folder, so {path.name} cannot be written there")


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

    app = Dashboard(source, mask=mask)
    code = app.run()
    sys.exit(code if code is not None else app.return_code or 0)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
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
    start = start_command(chosen)
    check_folder(blob_out)
    source = recorded(with_files(start_engine(start), blob_out, blob_in), record, mask)
    run_dashboard(source, mask)


def _given(context: click.Context, name: str | None) -> bool:
    source = context.get_parameter_source(name) if name else None
    return source is not None and source.name == "COMMANDLINE"


def with_files(source: Source, out: Path | None, into: Path | None, form: str = "blob") -> Source:
    """The source, its blobs exchanged through files where some are named."""
    if out is None and into is None:
        return source  # and signaling is not imported before it is needed
    from icetui.blobfiles import WithBlobFiles

    return WithBlobFiles(source, out, into, form)


@main.command()
@session_options
@record_option
@mask_option
@click.option("--json", "as_json", is_flag=True, help="Without a terminal: print the events.")
def demo(record: Path | None, mask: bool, as_json: bool, **chosen: Any) -> None:
    """See it work: a second engine on this machine is the far peer. Loopback only, no servers.

    Without a terminal it runs for a moment and prints a report.
    """
    from icetui.sources import WithFarPeer

    if any(chosen[name] for name in ("stun", "turn", "relay_only")):
        fail(
            "the demo stays on this machine and asks no server; leave --stun, --turn and "
            "--relay-only out"
        )
    interfaces = chosen["interface"] or (loopback(),)
    start = start_command(chosen | {"no_servers": True, "interface": interfaces})
    far_start = start_command(chosen | {"no_servers": True, "interface": interfaces, "port": 0})
    near = start_engine(start)
    far = start_engine(far_start)
    source = recorded(WithFarPeer(near, far), record, mask)
    source.hint = "demo: the far peer is a second engine on this machine"
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
    )

    async def run() -> tuple[int, str]:
        headless = Headless(source, wanted, data_out(), say)
        return await headless.run(), text_report(headless.session)

    code, text = asyncio.run(run())
    if not as_json:
        click.echo(text, nl=False)
    sys.exit(code)


def loopback() -> str:
    """Name of this system's loopback interface."""
    import ifaddr

    for adapter in ifaddr.get_adapters():
        if any(ip.ip == "127.0.0.1" for ip in adapter.ips):
            return str(adapter.nice_name)
    return "lo"


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
    type=click.Choice(["blob", "sdp", "json"]),
    default="blob",
    help="How to write our description.",
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
    form: str,
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

    start = start_command(chosen)
    check_folder(blob_out)
    files = WithBlobFiles(start_engine(start), blob_out, blob_in, form, say)
    source = recorded(files, record, mask)
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
@click.argument("what", nargs=-1, metavar="FILE | -- COMMAND…")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="How much faster a recording is played.",
)
def view(what: tuple[str, ...], speed: float) -> None:
    """The dashboard over a recording, or over another process's event stream.

    \b
    icetui view session.jsonl
    icetui view -- ssh host icetui peer --json
    """
    if not what:
        fail("name a recording, or a command behind --: icetui view -- ssh host icetui peer --json")
    if not has_terminal():
        fail("this draws on a terminal and there is none; `icetui report FILE` prints a report")
    run_dashboard(_recording(what[0], speed) if len(what) == 1 else _process(what))


def _recording(name: str, speed: float) -> Source:
    from pathlib import Path

    from icetui.recording import Replay, UnreadableRecording, read

    path = Path(name)
    try:
        return Replay(list(read(path)), speed, hint=f"recording {path.name}")
    except UnreadableRecording as problem:
        fail(str(problem))
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}")


def _process(argv: tuple[str, ...]) -> Source:
    from icetui.sources import ProcessSource

    try:
        return ProcessSource(argv, hint=f"events of {argv[0]}")
    except OSError as error:
        fail(f"{argv[0]} cannot be started: {error.strerror}")


@main.command()
@click.argument("file", type=FILE)
def report(file: Path) -> None:
    """A recording as a plain text report."""
    from icetui.recording import UnreadableRecording, read
    from icetui.reports.text import report as text_report
    from icetui.session import fold

    try:
        click.echo(text_report(fold(read(file))), nl=False)
    except UnreadableRecording as problem:
        fail(str(problem))
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")


@main.command(name="events")
@click.option("--schema", is_flag=True, required=True, help="Print it as JSON Schema.")
def events_command(schema: bool) -> None:
    """The vocabulary of the event stream."""
    import json

    from icetui.events import schema as json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@main.command()
@click.argument("text", required=False)
def decode(text: str | None) -> None:
    """What a blob, SDP or trickle JSON contains; from stdin without TEXT."""
    import time

    from icetui.decoding import as_table
    from icetui.signaling import MAX_TEXT, UnreadableDescription, read

    if (text is None or text == "-") and sys.stdin is None:
        fail("there is no text: name it, or give it on stdin", 3)
    if text is None or text == "-":
        if sys.stdin.isatty():
            say("Paste the text, then end it with Ctrl-D:")
        text = sys.stdin.buffer.read(MAX_TEXT + 1).decode("utf-8", "replace")
    try:
        click.echo(as_table(read(text), time.time()), nl=False)
    except UnreadableDescription as problem:
        fail(str(problem), 3)


@main.command()
@click.option("--stun", multiple=True, metavar="URL", help="STUN server that the tab asks.")
@click.option("--turn", multiple=True, metavar="URL", help="TURN server that the tab uses.")
def browser(stun: tuple[str, ...], turn: tuple[str, ...]) -> None:
    """Make a browser tab the other side: prints a snippet for its console.

    The snippet goes to stdout, what to do with it to stderr.
    """
    from icetui.browser import AFTER, BEFORE, snippet
    from icetui.servers import BadServer, parse_stun, parse_turn

    try:
        text = snippet(map(parse_stun, stun), map(parse_turn, turn))
    except BadServer as problem:
        fail(str(problem))
    line = "-" * 78
    say(f"{BEFORE}\n{line}")
    click.echo(text, nl=False)
    say(f"{line}\n\n{AFTER}")


if __name__ == "__main__":
    main()
