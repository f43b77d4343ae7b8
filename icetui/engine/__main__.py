"""The pipe: commands in on stdin, events out on stdout, one JSON object a line.

The engine ends when stdin does, when it is told to leave, or on SIGTERM. An error of its own is
told as `EngineFailed` with the path of a file that holds the details.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import signal
import sys
import tempfile
import threading
import traceback
from importlib.metadata import version
from pathlib import Path
from queue import Empty, SimpleQueue

import icetui
from icetui import events
from icetui.engine.agent import Agent
from icetui.engine.net import Net
from icetui.engine.net.system import System
from icetui.engine.stream import Stream
from icetui.events import Event, NotUnderstood

MOST_WAITING = 20_000
"""Events waiting for a slow reader, beyond which decoded STUN messages are left out."""
LONGEST_COMMAND = 2 * 1024 * 1024
SWITCH_INTERVAL = 0.0002
"""Seconds the writing thread may keep the interpreter from a check that waits for its answer."""


class Output:
    """Writes events to stdout in a thread, so that a slow reader never delays a check."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._fresh: list[Event] = []
        """Of this turn of the loop; the thread hears of them when the turn's datagrams are
        answered, as it would compete for the interpreter."""
        self._queue: SimpleQueue[list[Event] | None] = SimpleQueue()
        self._put = self._written = 0
        self._thread = threading.Thread(target=self._write, name="output", daemon=True)
        self.broken = False
        self._thread.start()

    def put(self, event: Event) -> None:
        """Queue an event."""
        slow = self._put - self._written > MOST_WAITING
        if self.broken or (slow and isinstance(event, events.StunMessage)):
            return
        self._put += 1
        self._fresh.append(event)
        if len(self._fresh) == 1:
            try:
                asyncio.get_running_loop().call_soon(self._hand_over)
            except RuntimeError:  # the loop has ended
                self._hand_over()

    def _hand_over(self) -> None:
        if self._fresh:
            self._queue.put(self._fresh)
            self._fresh = []

    def finish(self, within: float) -> None:
        """Write what is queued, for at most `within` seconds."""
        self._hand_over()
        self._queue.put(None)
        self._thread.join(within)

    def _write(self) -> None:
        while (batch := self._queue.get()) is not None:
            with contextlib.suppress(Empty):
                while len(batch) < 256:
                    more = self._queue.get_nowait()
                    if more is None:
                        self._queue.put(None)
                        break
                    batch += more
            data = b"".join(map(events.encode, batch))
            try:
                while data:
                    data = data[os.write(self._file, data) :]
            except OSError:
                self.broken = True  # nobody reads any more; stdin's end says so too
                return
            self._written += len(batch)


class Engine:
    """Carries out commands until the end of stdin."""

    def __init__(self, net: Net, stream: Stream) -> None:
        self._net = net
        self._stream = stream
        self._agents: dict[str, Agent] = {}
        self.ended = asyncio.Event()
        self.cause = "user"

    def take(self, line: bytes) -> None:
        """One line from stdin."""
        if not line.strip():
            return
        try:
            command = events.decode_command(line)
        except NotUnderstood as problem:
            self._stream.emit(events.CommandRefused, command="", problem=str(problem)[:300])
            return
        if isinstance(command, events.StartSession):
            self._open(command)
            return
        agent = self._agents.get(command.session) or next(iter(self._agents.values()), None)
        match command:
            case events.Leave():
                self.end("user")
            case _ if agent is None:
                name = events.kebab(type(command).__name__)
                self._stream.emit(
                    events.CommandRefused, command=name, problem="there is no session yet"
                )
            case events.Paste():
                agent.paste(command.text)
            case events.SendText():
                agent.send_text(command.text)
            case events.Restart():
                agent.restart()
            case events.Nominate():
                agent.nominate(command.pair)

    def _open(self, command: events.StartSession) -> None:
        name = command.session or f"s{len(self._agents) + 1}"
        if name in self._agents:
            self._stream.emit(
                events.CommandRefused, command="start-session", problem=f"{name} exists already"
            )
            return
        agent = Agent(self._net, self._stream.for_session(name), command)
        self._agents[name] = agent
        agent.begin()

    def end(self, cause: str) -> None:
        """Leave all sessions, then stop; the first cause counts."""
        if not self.ended.is_set():
            self.cause = cause
            self.ended.set()

    async def close(self) -> None:
        await asyncio.gather(*(agent.leave(self.cause) for agent in self._agents.values()))


def _read_stdin(engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
    """Runs in a thread: works for a pipe, a terminal and a file alike."""
    with contextlib.suppress(RuntimeError, OSError):  # the loop has ended before the input did
        while line := sys.stdin.buffer.readline(LONGEST_COMMAND):
            loop.call_soon_threadsafe(engine.take, line)
        loop.call_soon_threadsafe(engine.end, "stdin closed")


async def serve(net: Net, stream: Stream) -> None:
    """Run until told to end."""
    loop = asyncio.get_running_loop()
    engine = Engine(net, stream)
    failed: list[BaseException] = []

    def on_error(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            failed.append(error)
            engine.end("an error of the engine")

    loop.set_exception_handler(on_error)
    if sys.platform != "win32":
        loop.add_signal_handler(signal.SIGTERM, engine.end, "SIGTERM")
    stream.emit(
        events.EngineStarted,
        version=icetui.__version__,
        pid=os.getpid(),
        python=platform.python_version(),
        aioice=version("aioice"),
    )
    threading.Thread(target=_read_stdin, args=(engine, loop), name="commands", daemon=True).start()
    await engine.ended.wait()
    await engine.close()
    if failed:
        raise failed[0]


def _keep_details(error: BaseException) -> str | None:
    """Write the traceback where it can be found; None when even that fails."""
    try:
        file, path = tempfile.mkstemp(prefix="icetui-engine-", suffix=".log")
        with os.fdopen(file, "w") as log:
            log.write("".join(traceback.format_exception(error)))
    except OSError:
        return None
    return str(Path(path))


def main() -> int:
    """Entry point of the engine process."""
    if sys.platform != "win32":
        # Ctrl-C in a shared terminal is the dashboard's to handle; it then tells us to leave.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.setswitchinterval(SWITCH_INTERVAL)
    output = Output(sys.stdout.fileno())
    net = System()
    stream = Stream(net, output.put)
    code = 0
    try:
        asyncio.run(serve(net, stream))
    except Exception as error:  # whatever it was, the user gets a sentence and we a traceback
        code = 1
        stream.emit(
            events.EngineFailed,
            problem=f"the engine hit an error of its own: {type(error).__name__}: {error}",
            log=_keep_details(error),
        )
    output.finish(1.0)
    return code


if __name__ == "__main__":
    code = main()
    # Threads that wait for a resolver or for input must not hold up the end.
    os._exit(code)
