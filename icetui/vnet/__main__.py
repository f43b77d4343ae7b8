"""The pipe to a simulated internet: commands in on stdin, events out on stdout, one JSON object a
line, as the engine's own. `--check` only reads a network file on stdin.

It begins with `StartNetwork`, and ends when stdin does, when it is told to leave, or on SIGTERM. No
packet leaves this process: it opens no socket.
"""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import sys
import tempfile
import threading
import time
import traceback
from importlib.metadata import version
from queue import Empty, SimpleQueue
from typing import Any, NoReturn

import icetui
from icetui import events
from icetui.events import Event, NotUnderstood
from icetui.streams.event_writer import EventWriter
from icetui.streams.line_splitter import Lines
from icetui.vnet import network_text
from icetui.vnet.demo_network import sides
from icetui.vnet.network import BadNetwork

LONGEST_COMMAND = 2 * 1024 * 1024
USAGE = 2
MOST_WAITING = 512 * 1024
"""Bytes that wait for a slow reader while the network goes on, about."""
HEARTBEAT = 1.0
"""Seconds of ours between two signs of life."""
PATIENCE = 0.02
"""Seconds after which it is seen whether the reader has caught up."""

Line = bytes | None
"""A line of stdin; None: it is time to end."""


class Pipe:
    """What is said goes out through a thread, what is heard comes in through another."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[Line] = SimpleQueue()
        self.output = EventWriter(sys.stdout.fileno(), "engine")
        self.last_wall, self.last_t = time.time(), 0.0

    def listen(self) -> None:
        """Begin to read stdin."""
        threading.Thread(target=self._read, name="commands", daemon=True).start()

    def _read(self) -> None:
        """Runs in a thread: works for a pipe, a terminal and a file alike."""
        lines = Lines(LONGEST_COMMAND)
        with contextlib.suppress(OSError):
            while chunk := os.read(sys.stdin.fileno(), 65536):
                for line in lines.feed(chunk):
                    if line.strip():
                        self._lines.put(line)
        self._lines.put(lines.rest() or None)
        self._lines.put(None)

    def end(self) -> None:
        """As if stdin had ended."""
        self._lines.put(None)

    @property
    def behind(self) -> bool:
        """Whether so much waits for the reader that there had better be no more: this time can
        stand still."""
        return self.output.error is None and self.output.waiting > MOST_WAITING

    def line(self, within: float | None) -> Line:
        """The next line; empty when none comes within so many seconds."""
        try:
            return self._lines.get(timeout=within)
        except Empty:
            return b""

    def say(self, event: Event) -> None:
        self.last_wall, self.last_t = event.wall, event.t
        self.output.put(event)

    def say_now(self, kind: type[Event], **fields: Any) -> None:
        """Say something of the process itself, stamped as the last event was."""
        self.say(kind(wall=self.last_wall, t=self.last_t, **fields))


def started(wall: float) -> events.EngineStarted:
    """The first event: what this process is, at the time at which the network's begins."""
    return events.EngineStarted(
        wall=wall,
        t=0.0,
        version=icetui.__version__,
        pid=os.getpid(),
        python=platform.python_version(),
        aioice=version("aioice"),
    )


def serve(pipe: Pipe) -> None:
    """Run until told to end. Whatever goes wrong in the world is raised."""
    from icetui.vnet.demonstration import Demonstration

    playing: Demonstration | None = None
    said: list[Event] = []
    beat = time.monotonic()
    while playing is None or not playing.over:
        wait = playing.run() if playing is not None and not pipe.behind else None
        # Not where nobody looks and one seed has to give the same events.
        if playing is not None and playing.time.speed is not None:
            wait = HEARTBEAT if wait is None else min(wait, HEARTBEAT)
            if time.monotonic() - beat >= HEARTBEAT:
                beat = time.monotonic()
                playing.beat()
        # Only now: a world's loop must not take over what is for the thread that writes.
        for event in said:
            pipe.say(event)
        said.clear()
        if playing is not None and playing.over:
            return
        line = pipe.line(PATIENCE if pipe.behind else wait)
        while line:
            try:
                command = events.decode_command(line)
                if playing is not None:
                    playing.carry_out(command)
                elif isinstance(command, events.StartNetwork):
                    playing = Demonstration(command, said.append, time.monotonic)
                    pipe.say(started(playing.began))
                elif isinstance(command, events.Leave):
                    return
                else:
                    raise NotUnderstood("the network must be started first")
            except (NotUnderstood, BadNetwork) as problem:
                pipe.say_now(events.CommandRefused, command="", problem=str(problem)[:300])
                if isinstance(problem, BadNetwork):
                    pipe.say_now(events.EngineFailed, problem=str(problem))
                    return
            line = pipe.line(0)
        if line is None:
            if playing is None:
                return
            playing.carry_out(events.Leave())


def _keep_details(error: BaseException) -> str | None:
    """Write the traceback where it can be found; None when even that fails."""
    try:
        file, path = tempfile.mkstemp(prefix="icetui-vnet-", suffix=".log")
        with os.fdopen(file, "w") as log:
            log.write("".join(traceback.format_exception(error)))
    except OSError:
        return None
    return path


def check() -> int:
    """Whether the network on stdin can be shown: the names of its two sides go to stdout, what is
    wrong with it to stderr."""
    text = sys.stdin.buffer.read(4 * network_text.MAX_TEXT + 1)
    try:
        names = [side.name for side in sides(network_text.read(text.decode("utf-8")))]
    except UnicodeDecodeError:
        sys.stderr.write("not UTF-8\n")
        return USAGE
    except BadNetwork as problem:
        sys.stderr.write(f"{problem}\n")
        return USAGE
    sys.stdout.write(" ".join(names) + "\n")
    return 0


def main() -> int:
    """Entry point of the process."""
    if "--check" in sys.argv[1:]:
        return check()
    pipe = Pipe()
    if sys.platform != "win32":
        # Ctrl-C in a shared terminal is the dashboard's to handle; it then tells us to leave.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: pipe.end())
    pipe.listen()
    code = 0
    try:
        serve(pipe)
    except Exception as error:  # whatever it was, the user gets a sentence and we a traceback
        code = 1
        cause = error.__cause__ or error
        pipe.say_now(
            events.EngineFailed,
            problem=f"the network hit an error of its own: {type(cause).__name__}: {cause}",
            log=_keep_details(error),
        )
    pipe.output.finish(1.0)
    return code


def run() -> NoReturn:
    """Run it and end the process."""
    code = main()
    # A thread that waits for input must not hold up the end.
    os._exit(code)


if __name__ == "__main__":
    run()
