"""Commands and options (click). What a command needs is imported when it runs: --help and
--version stay quick, and the engine process starts before anything slow is imported."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

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
    "icetui draws on a terminal, and {}; use `icetui peer` for a session without a screen."
)


EPILOG = (
    "Without --stun, --turn or --no-servers two public STUN servers are asked: "
    "stun.l.google.com:19302 and stun.cloudflare.com:3478. Settings: icetui.toml (icetui config "
    "says where), or ICETUI_ and an option's name in capitals in the environment; ICETUI_CONFIG "
    "names another file. NO_COLOR is heeded."
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
quiet_option = click.option(
    "--quiet", "-q", is_flag=True, help="Leave no lines about the session on the terminal."
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


def no_terminal() -> str:
    """The sentence that says which stream is no terminal."""
    streams = (("stdin", sys.stdin), ("stdout", sys.stdout))
    none = [name for name, stream in streams if stream is None or not stream.isatty()]
    said = "neither stdin nor stdout is one" if len(none) == 2 else f"{none[0]} is none"
    return NO_TERMINAL.format(said)


def theirs_from_stdin() -> str | None:
    """What a file or pipe on stdin holds; the keyboard is then read from the terminal itself.

    None where stdin is a terminal, or there is no other to read keys from.
    """
    import os
    import stat

    if sys.stdin is None or sys.stdin.isatty() or sys.stdout is None or not sys.stdout.isatty():
        return None
    kind = os.fstat(sys.stdin.fileno()).st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind)):
        return None
    try:
        keyboard = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return None
    text = sys.stdin.buffer.read(1024 * 1024).decode("utf-8", "replace")
    os.dup2(keyboard, 0)
    os.close(keyboard)
    return text


def run_dashboard(
    source: Source,
    mask: bool = False,
    *,
    again: Callable[[], Source] | None = None,
    quiet: bool = False,
    sides: tuple[str, ...] = (),
    problems: tuple[str, ...] = (),
) -> NoReturn:
    """Draw a source until the user quits; `again` opens another one in its place. The demo has
    two `sides`; `problems` are mistakes in the settings."""
    from icetui.dashboard.app import Dashboard
    from icetui.dashboard.farewell import last_words
    from icetui.dashboard.taste import Taste
    from icetui.dashboard.terminal import bear_any_byte, draw_on_stdout, show_utc
    from icetui.preferences import Remembered, preferences
    from icetui.settings import config_path

    wanted, wrong = preferences(config_path())
    taste = Taste(wanted, Remembered(), (*dict.fromkeys((*problems, *wrong)),))
    if wanted.time == "utc":
        show_utc()
    bear_any_byte()
    draw_on_stdout()
    stage = None
    if sides:
        from icetui.dashboard.stage import Stage

        stage = Stage(source, sides)
    app = Dashboard(source, mask=mask, again=again, stage=stage, taste=taste)
    code = app.run()
    if not (quiet or wanted.quiet):
        click.echo(last_words(app), nl=False)
    sys.exit(code if code is not None else app.return_code or 0)


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


FILE_NAME = re.compile(
    r"[^\s{}=:@]{1,200}\.[A-Za-z][A-Za-z0-9]{0,5}|(?:/|~/|\.\.?/)[^\s{}=:@]{1,200}"
)
"""What nobody would paste, and is meant for a file's name where there is no such file. A server's
URL is none: it may hold a password, and this is said back."""

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


def own_habits(record: Path | None, mask: bool) -> tuple[Path | None, bool]:
    """What the user's settings say where the command line says nothing."""
    from pathlib import Path

    from icetui.preferences import preferences
    from icetui.settings import config_path

    wanted, _ = preferences(config_path())
    if record is None and wanted.record:
        record = Path(wanted.record).expanduser()
    return record, mask or wanted.mask


def looks_like_theirs(word: str) -> bool:
    """Whether a word on the command line is a description rather than a mistyped command."""
    return "icetui:" in word or word.startswith(("v=0", "{", "a=", "candidate:", "eyJ"))


def dashboard(
    theirs: str | None,
    record: Path | None,
    mask: bool,
    quiet: bool,
    blob_out: Path | None,
    blob_in: Path | None,
    chosen: dict[str, Any],
) -> NoReturn:
    """The dashboard over an engine of its own; `theirs` is pasted at the start."""
    if theirs is None:
        theirs = theirs_from_stdin()
    if not has_terminal():
        fail(no_terminal())
    problems: list[str] = []
    start = opening.start_command(chosen, problems)
    record, mask = own_habits(record, mask)
    opening.check_folder(blob_out)
    pseudonyms = opening.mask(start) if mask else None

    begun = 0

    def another() -> Source:
        nonlocal begun
        begun += 1
        path = record
        if path is not None and begun > 1:
            from icetui.recording import numbered

            path = numbered(path, begun)
        files = opening.with_files(opening.engine(start), blob_out, blob_in)
        return opening.recorded(files, path, pseudonyms, say)

    source = another()
    if theirs:
        opening.paste(source, theirs)
    run_dashboard(source, mask, again=another, quiet=quiet, problems=tuple(problems))


def _given(context: click.Context, name: str | None) -> bool:
    source = context.get_parameter_source(name) if name else None
    return source is not None and source.name == "COMMANDLINE"


@main.command()
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

    from icetui.demo_source import asked_for, demo_source

    screen = has_terminal() and not as_json
    if not screen:
        chosen["speed"] = chosen["speed"] or "max"
    start, sides = asked_for(chosen)
    pseudonyms = opening.mask() if mask else None
    if screen:
        source = opening.recorded(demo_source(start), record, pseudonyms, say)
        run_dashboard(source, mask, quiet=quiet, sides=sides)

    import msgspec

    from icetui.console import Console
    from icetui.demo_run import STEP, DemoRun
    from icetui.reports.text import report as text_report

    stepwise = msgspec.structs.replace(start, until=STEP)

    async def run() -> int:
        source = opening.recorded(demo_source(stepwise), record, pseudonyms, say)
        console = Console()
        playing = DemoRun(source, start.speed, console, as_json=as_json)
        code = await playing.run()
        if not as_json:
            console.data(text_report(playing.session).encode())
        whole = await console.drained()
        return code if whole else 2

    sys.exit(asyncio.run(run()))


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

    from icetui.blobfiles import WithBlobFiles
    from icetui.console import Console
    from icetui.headless import UNREADABLE, USAGE, Headless, Options

    start = opening.start_command(chosen)
    opening.check_folder(blob_out)
    pseudonyms = opening.mask(start) if mask else None
    console = Console()

    def tell(sentence: str) -> None:
        """What is pasted is quoted in some sentences, so those are masked, too."""
        console.say(sentence if pseudonyms is None else pseudonyms.text(sentence))

    files = WithBlobFiles(opening.engine(start), blob_out, blob_in, form, tell)
    source = opening.recorded(files, record, pseudonyms, say)
    if theirs is not None:
        opening.paste(source, theirs)
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

    from icetui.console import Console
    from icetui.doctor.examination import examine
    from icetui.doctor.facts import FAILED

    start = opening.start_command(chosen, binding_lifetime=lifetime)
    pseudonyms = opening.mask(start) if mask else None
    source = opening.recorded(opening.engine(start, failure=FAILED), record, pseudonyms, say)
    sys.exit(asyncio.run(examine(source, lifetime, Console(), as_json=as_json)))


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
        run_dashboard(opening.process(what), quiet=quiet)
    run_dashboard(opening.recording(what[0], speed), quiet=quiet)


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


@main.command()
@click.option("--path", "wanted", flag_value="path", help="Print where the file is looked for.")
@click.option("--init", "wanted", flag_value="init", help="Write one with everything in it.")
@click.option("--check", "wanted", flag_value="check", help="Say what is wrong with it.")
def config(wanted: str | None) -> None:
    """The settings file: where it is, a first one, what is wrong with it.

    \b
    Exit codes of --check: 0 nothing is wrong, 3 something is.
    """
    from icetui.dashboard.mistakes import mistakes
    from icetui.dashboard.template import template
    from icetui.preferences import write_template
    from icetui.settings import config_path

    path = config_path()
    if wanted == "init":
        try:
            new = write_template(path, template())
        except OSError as error:
            fail(f"{path} cannot be written: {error.strerror}")
        say(f"{path} is written" if new else f"{path} is there already and stays as it is")
    elif wanted == "check":
        found = mistakes(path)
        for sentence in found:
            click.echo(sentence)
        if found:
            sys.exit(3)
        say(f"{path}: nothing is wrong" if path.exists() else f"{path} is not there: defaults")
    else:
        click.echo(path)


@main.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Completion for a shell, to be evaluated by it.

    \b
    bash: eval "$(icetui completion bash)"      in ~/.bashrc
    zsh:  eval "$(icetui completion zsh)"       in ~/.zshrc
    fish: icetui completion fish | source       in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(main, {}, "icetui", "_ICETUI_COMPLETE").source())


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
    _fail_on_a_recording(words, text)
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
        name = words[0] if len(words) == 1 else ""
        if FILE_NAME.fullmatch(name) and text == name:
            fail(f"there is no file {name}, and as a text it says nothing: {problem}", 3)
        fail(str(problem), 3)
    except ValueError as problem:
        fail(f"this STUN message is malformed: {problem}", 3)


def _fail_on_a_recording(words: tuple[str, ...], text: str) -> None:
    """Those are for other commands."""
    from icetui.recording import is_recorded

    if is_recorded(text.encode()):
        name = words[0] if len(words) == 1 and words != ("-",) and words[0] != text else "FILE"
        fail(
            f"this is a recording: `icetui report {name}` sums it up, `icetui view {name}` shows "
            "it",
            3,
        )


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
        ask = "Paste the text, then end it with Ctrl-D:"
        typed = read_typed(sys.stdin.fileno(), MAX_TEXT + 1, lambda: say(ask))
        return typed.decode("utf-8", "replace")
    return sys.stdin.buffer.read(MAX_TEXT + 1).decode("utf-8", "replace")


@main.command(hidden=True)
def engine() -> None:
    """The engine: commands on stdin, events on stdout. A frozen executable starts itself so."""
    from importlib import import_module

    # By name: only this process may load the engine, and it is the engine then.
    import_module("icetui.engine.__main__").run()


@main.command(hidden=True, context_settings={"ignore_unknown_options": True})
@click.argument("ignored", nargs=-1)
def network(ignored: tuple[str, ...]) -> None:
    """The simulated internet, in the same way."""
    from importlib import import_module

    import_module("icetui.vnet.__main__").run()


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
        say(f"left out: {bad.url}: {bad.detail}")
    text = snippet(named.stun_servers, named.turn_servers, time.time())
    line = "-" * 78
    say(f"{BEFORE}\n{line}")
    click.echo(text, nl=False)
    say(f"{line}\n\n{AFTER}")


if __name__ == "__main__":
    main()
