"""A session without a screen: `icetui peer`, and `icetui demo` where there is no terminal.

What belongs here: when to print what, when to stop, and with which exit code. stdout is data,
stderr is for people.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from icetui import events, signaling
from icetui.commands.typed_text import Typing, whole_lines
from icetui.events import AnyEvent, NotUnderstood, address_port
from icetui.grammar import count
from icetui.printable import printable
from icetui.reports.content import findings
from icetui.reports.summary import summarise
from icetui.session import Session
from icetui.signaling import UnreadableDescription
from icetui.streams.console import Console
from icetui.streams.line_splitter import Lines
from icetui.streams.own_form import GATHER_PATIENCE, own_form
from icetui.streams.recording import without_secrets
from icetui.streams.source import Source

OK, ENGINE_FAILED, USAGE, UNREADABLE, NO_CANDIDATE, GAVE_UP, LOST = 0, 1, 2, 3, 4, 5, 6
"""Exit codes, part of the command line's contract."""

HOLD_TOLERANCE = 1.0
"""Seconds by which the other side may leave before our hold ends: its clock started elsewhere."""
NOMINATION_PATIENCE = 1.0
"""Seconds a hold is stretched by when the path is not nominated yet."""
PASTE_SETTLED = 0.05
"""Seconds without another line after which a pasted text is read."""
LONGEST_INPUT = 8 * 1024 * 1024
"""Bytes of one line on stdin: a command can hold a pasted text, each character of it escaped."""
READ_AHEAD = 4
"""Chunks of stdin on their way; more is read when they are taken."""
LEAVING = 0.8
"""Seconds after an interrupt in which a slow reader of our output is still served."""
COMMANDS_ONLY = (
    "With --json stdin is commands; a description goes through --blob-in FILE, "
    'the command {"command":"paste","text":…} or, with --stdin text, as it is.'
)
FINDINGS_SAID = 3
"""How many of the most important reasons are told when no connection stands at the end."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a headless run is to do."""

    as_json: bool = False
    hold: float | None = None
    """Seconds to stay connected; None: until the other side leaves or we are interrupted."""
    give_up: float | None = None
    """Seconds after which an unconnected run ends; None: never."""
    blob_in: Path | None = None
    """The file that theirs is to come from."""
    send: str | None = None
    form: str | None = None
    """How to write our description; None: a blob, or in the kind they send."""
    print_blob: bool = True
    read_stdin: bool = True
    commands: bool = False
    """stdin is commands, one JSON object a line; otherwise it is the other side's description.
    Never both: a pasted text must not be able to command."""
    hide_blob: bool = False
    """Leave the blob out of the JSON stream: it holds addresses."""
    say_knocks: bool = True
    """Whether there is a person who can do something about a knock: paste theirs."""


def replaced_sentence(e: events.DescriptionReplaced) -> str:
    """What became of their description of before."""
    if e.cause == "knock":
        return f"back to {e.current}: its owner checks us with our blob, {e.former} does not"
    if e.cause == "user":
        return f"back to {e.current}, which {e.former} had replaced"
    return f"this is another session ({e.current}) than the first one ({e.former}): using it"


class Headless:
    """One headless run over a source."""

    def __init__(
        self,
        source: Source,
        options: Options,
        console: Console,
        say: Callable[[str], None] | None = None,
    ) -> None:
        """`say` tells people something, on the console by default."""
        self._source = source
        self._options = options
        self._console = console
        self._say = say or console.say
        self.session = Session()
        self._code: int | None = None
        self._ending = asyncio.Event()
        self._printed: str | None = None
        self._printed_as = ""
        self._form = own_form(options.form)
        self._timers: list[asyncio.TimerHandle] = []
        self._sent = False
        self._said_knock = False
        self._hold_over = False
        self._pasted = ""
        self._settling: asyncio.TimerHandle | None = None
        self._handed_over = False
        self._input_over = False
        self._unlimited = False
        """Whether a terminal hands over what is typed as it comes, lines of any length."""
        self._interrupted_at: float | None = None
        self._said_silent = False

    async def run(self) -> int:
        """Run to the end; returns the exit code."""
        stdin = sys.stdin.fileno() if self._options.read_stdin and sys.stdin is not None else -1
        with whole_lines(stdin) as self._unlimited:
            return await self._run()

    async def _run(self) -> int:
        loop = asyncio.get_running_loop()
        self._console.watch(self._output_broken)
        if sys.platform != "win32":
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self._interrupted)
        if self._options.give_up is not None:
            self._later(self._options.give_up, self._gave_up)
        if self._options.print_blob:
            self._later(GATHER_PATIENCE, self._print_blob)
        if self._options.read_stdin:
            threading.Thread(
                target=self._read_stdin, args=(loop,), name="stdin", daemon=True
            ).start()
        closer = asyncio.create_task(self._close_at_end())
        async for event in self._source.events():
            self.session.apply(event)
            self._form.see(event)
            if self._options.as_json:
                shown = without_secrets(event) if self._options.hide_blob else event
                self._console.event(shown)
            self._react(event)
        self.end(ENGINE_FAILED if self.session.failure else OK)
        await closer
        for timer in (*self._timers, *([self._settling] if self._settling else [])):
            timer.cancel()
        if self._options.as_json:
            self._console.event(summarise(self.session))
        whole = await self._console.drained(self._in_a_hurry)
        if not whole and self._code in (None, OK):
            return USAGE
        return self._code if self._code is not None else OK

    def _in_a_hurry(self) -> bool:
        at = self._interrupted_at
        return at is not None and asyncio.get_running_loop().time() - at > LEAVING

    def _output_broken(self, error: OSError) -> None:
        """stdout takes nothing any more: nobody reads it, or its disk is full."""
        self.end(OK if isinstance(error, BrokenPipeError) else USAGE)

    def end(self, code: int, sentence: str = "") -> None:
        """Decide how this run ends; the first decision stands."""
        if self._code is None:
            self._code = code
            if sentence:
                self._say(sentence)
            if code in (GAVE_UP, LOST) and not self._options.as_json:
                self._say_why()
        self._ending.set()

    def _say_why(self) -> None:
        """What the diagnosis holds against this session, the most important first."""
        if self.session.description is None:
            self._say(self._why_unread())
        wrong = [f for f in findings(self.session) if f.severity in ("problem", "warning")]
        for finding in wrong[:FINDINGS_SAID]:
            self._say(f"{finding.severity}: {finding.claim}")
            self._say(f"  because {finding.evidence}")
            if finding.remedy:
                self._say(f"  {finding.remedy}")

    def _why_unread(self) -> str:
        path = self._options.blob_in
        if path is None:
            return "the other side's blob has not been read: paste it, or name it by --blob-in"
        if not path.exists():
            return f"{path} never appeared, and the other side's blob was to be in it"
        return f"{path} is there, and no whole blob of the other side's came to be in it"

    # --- reacting -------------------------------------------------------------------------------

    def _react(self, event: AnyEvent) -> None:
        match event:
            case events.BlobChanged() if self._options.print_blob and self._printed is not None:
                self._print_blob()
            case events.GatheringStateChanged(state="complete"):
                self._gathered()
            case events.Knocked() if self._options.say_knocks and not self._said_knock:
                self._said_knock = True
                self._say(
                    f"someone holding your blob is knocking from "
                    f"{address_port(event.address, event.port)}: paste theirs to finish"
                )
            case events.DescriptionAccepted():
                self._say_what_was_read(event)
                for warning in event.warnings:
                    self._say(warning)
            case events.DescriptionReplaced():
                self._say(replaced_sentence(event))
            case events.CandidatesKept():
                kept = count(event.candidates, "candidate", verb="is")
                self._say(f"{kept} kept for the description they belong to: paste that, too")
            case events.DescriptionRefused() if self.session.connected or self.session.generation:
                self._say(event.problem)  # a session that stands is not ended by a text
            case events.DescriptionRefused():
                self.refused(event.problem)
            case events.ConnectionStateChanged():
                self._state(event)
            case events.PairChanged() if self._hold_over and event.pair.nominated:
                self.end(OK)
            case events.TextReceived() if not self._options.as_json:
                self._console.data(event.text.encode() + b"\n")
            case events.TextEchoed() if self._hold_over:
                self._hold_ended()
            case events.CommandRefused():
                self._say(event.problem)
            case events.EngineSilent() if not self._said_silent:
                self._said_silent = True
                self._say(f"the engine has been silent for {int(event.seconds)} s")
            case events.Heartbeat():
                self._said_silent = False
            case events.PeerLeft():
                self._peer_left()
            case events.EngineFailed():
                where = f" (details in {event.log})" if event.log else ""
                self.end(ENGINE_FAILED, event.problem + where)

    def _say_what_was_read(self, event: events.DescriptionAccepted) -> None:
        number = event.new_candidates
        if number or event.known_candidates == 0:
            new = count(number, "new candidate")
            read = "candidates were" if event.kind == "candidates" else f"{event.kind} was"
            self._say(f"their {read} read: {new}")

    def _gathered(self) -> None:
        for failure in self.session.candidate_failures:
            self._say(failure.detail)
        for server in self.session.servers.values():
            if server.state == "failed":
                self._say(f"{server.url}: {server.detail or server.reason}")
        if not self.session.local_candidates:
            unknown = [
                f"{i.name}: {i.why_not}"
                for i in self.session.interfaces.values()
                if i.why_not and not i.addresses
            ]
            why = f" ({'; '.join(unknown)})" if unknown else ""
            self.end(
                NO_CANDIDATE,
                f"there is no usable candidate on this machine{why}; check --interface, --port "
                "and the network",
            )
        elif self._options.print_blob:
            # One turn later: the blob that says "complete" follows this event.
            self._later(0.05, self._print_blob)
            self._later(0.06, self._end_if_nothing_can_come)

    def _state(self, event: events.ConnectionStateChanged) -> None:
        if event.state == "connected" and not self._sent:
            self._sent = True
            if self._options.send is not None:
                self._source.send(events.SendText(text=self._options.send))
            if self._options.hold is not None:
                self._later(self._options.hold, self._hold_ended)
        if event.state in ("connected", "disconnected"):
            self._say(f"{event.state}: {event.cause}")
        if event.state == "failed" and self.session.lost_after_connected:
            self.end(LOST, f"the connection was lost: {event.cause}")

    def _hold_ended(self) -> None:
        """Leave, once the path is nominated and a text sent has been echoed, or soon after."""
        unheard = any(t.direction == "out" and t.echo is None for t in self.session.texts)
        first_time, self._hold_over = not self._hold_over, True
        if self.session.state == "disconnected" and not self.session.peer_left:
            self.end(LOST, "the path was silent when the hold ended")
        elif self.session.nominated_at is not None and not unheard:
            self.end(OK)
        elif first_time:
            self._later(NOMINATION_PATIENCE, lambda: self.end(OK))

    def _peer_left(self) -> None:
        hold, connected = self._options.hold, self.session.connected_at
        if hold is not None and connected is not None:
            stayed = self.session.t - connected
            if stayed < hold - HOLD_TOLERANCE:
                self.end(LOST, f"the other side left after {stayed:.1f} of {hold:g} s")
                return
        self.end(OK, "the other side has left")

    def _gave_up(self) -> None:
        if self.session.connected:
            return
        after = f"after {self._options.give_up:g} s"
        if self.session.connected_at is not None:
            self.end(LOST, f"gave up {after}: the connection was lost")
        else:
            self.end(GAVE_UP, f"gave up {after} without a connection")

    def _interrupted(self) -> None:
        self._interrupted_at = asyncio.get_running_loop().time()
        self.end(OK if self.session.connected else GAVE_UP, "interrupted")

    def refused(self, problem: str) -> None:
        """A text could not be used. At a terminal the user tries again, a script has failed."""
        self._say(problem)
        at_terminal = self._options.read_stdin and sys.stdin is not None and sys.stdin.isatty()
        if self.session.description is None and not at_terminal:
            self.end(UNREADABLE)

    # --- output ---------------------------------------------------------------------------------

    def _print_blob(self) -> None:
        blob = self.session.blob
        if blob is None or self._options.as_json or self._ending.is_set():
            return
        text = self._form.written_line(blob.blob)
        if text != self._printed and (self._printed is None or self._worth_again(blob)):
            if self._printed is not None:
                self._say(self._form.surprise or self._why_again())
            self._printed, self._printed_as = text, self._form.noun
            self._form.hand_out()
            self._console.data(text.encode())

    def _why_again(self) -> str:
        noun = self._form.noun
        if noun == self._printed_as:
            return f"our {noun} has changed: send the new one"
        return f"this is our {noun}: send them that"

    def _worth_again(self, blob: events.BlobChanged) -> bool:
        if blob.nat_only and self._form.noun == self._printed_as == "blob":
            return False  # what they have serves as well
        theirs = self.session.description
        answering = theirs is not None and self._form.form != "blob"
        return not self.session.connected and (blob.resend or theirs is None or answering)

    # --- input ----------------------------------------------------------------------------------

    def _read_stdin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Runs in a thread: works for a pipe, a terminal and a file alike.

        Not through `sys.stdin.buffer`: a thread that waits in it keeps the interpreter from
        ending.
        """
        if sys.stdin is None:
            return
        lines = Lines(LONGEST_INPUT)
        room = threading.Semaphore(READ_AHEAD)
        typing = Typing() if self._unlimited else None

        def take(told: list[bytes], too_long: bool) -> None:
            room.release()
            for line in told:
                self._take_line(line)
            if too_long:
                self._too_long()

        with contextlib.suppress(RuntimeError, OSError):  # the run is over
            while chunk := os.read(sys.stdin.fileno(), 65536):
                if typing is not None:
                    chunk = typing.feed(chunk)
                room.acquire()
                before = lines.too_long
                told = [line + b"\n" for line in lines.feed(chunk)]
                loop.call_soon_threadsafe(take, told, lines.too_long > before)
                if typing is not None and typing.ended:
                    break
            loop.call_soon_threadsafe(self._take_line, lines.rest())
            loop.call_soon_threadsafe(self._stdin_ended)

    def _take_line(self, line: bytes) -> None:
        """A command, or a line of a pasted text, which may be wrapped over several."""
        if self._ending.is_set():
            return
        if self._options.commands:
            self._carry_out(line)
            return
        self._pasted += line.decode("utf-8", "replace")
        if len(self._pasted) > signaling.MAX_TEXT:
            self._too_long()
        # What is pasted arrives in one go: SDP goes on behind what can be read of it already.
        if self._settling is not None:
            self._settling.cancel()
        loop = asyncio.get_running_loop()
        self._settling = loop.call_later(PASTE_SETTLED, self._read_pasted)

    def _carry_out(self, line: bytes) -> None:
        """A command from whoever runs this session."""
        if not line.strip():
            return
        try:
            command = events.decode_command(line)
        except NotUnderstood as problem:
            self.refused(f"{printable(str(problem), 200)}. {COMMANDS_ONLY}")
            return
        if isinstance(command, events.StartSession):
            # It might name servers, which --no-servers has ruled out.
            self._say("there is a session already; this run has one only")
            return
        self._handed_over = self._handed_over or isinstance(command, events.Paste)
        self._source.send(command)

    def _too_long(self) -> None:
        self._pasted = ""
        self.refused("what is on stdin is too long to be a blob, SDP or JSON")

    def _stdin_ended(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
        self._read_pasted(ended=True)
        self._input_over = True
        self._end_if_nothing_can_come()

    def _end_if_nothing_can_come(self) -> None:
        """Without theirs and without stdin a run with no end of its own would wait for ever."""
        lonely = self.session.description is None and not self._handed_over
        bounded = self._options.give_up is not None or self._options.as_json
        if self._input_over and lonely and not bounded and self.session.gathering == "complete":
            self._print_blob()
            self.end(UNREADABLE, "stdin has ended and the other side's blob was not in it")

    def _read_pasted(self, *, ended: bool = False) -> None:
        """Hand the text over once it can be read; a blank line or the end of stdin ends it."""
        text = self._pasted
        if not text.strip() or self._ending.is_set():
            return
        try:
            if signaling.read(text).cut and not ended and text.splitlines()[-1].strip():
                return  # more of it is on the way
        except UnreadableDescription as problem:
            if ended or not text.splitlines()[-1].strip():
                self._pasted = ""
                if self._handed_over:
                    self._say(str(problem))
                else:
                    self.refused(str(problem))
            return
        self._pasted = ""
        self._handed_over = True
        self._source.send(events.Paste(text=text))

    # --- timing ---------------------------------------------------------------------------------

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(seconds, what))

    async def _close_at_end(self) -> None:
        await self._ending.wait()
        await self._source.close()
