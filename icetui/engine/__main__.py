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
from typing import NoReturn

import icetui
from icetui import events
from icetui.engine.net import Net
from icetui.engine.net.system import System
from icetui.engine.sessions import Sessions
from icetui.engine.stream import Stream
from icetui.streams.event_writer import EventWriter
from icetui.streams.line_splitter import Lines

LONGEST_COMMAND = 2 * 1024 * 1024
LAST_WORDS = 0.5
"""Seconds that a reader who does not read may keep the process from ending."""
HEARTBEAT = 1.0
"""Seconds between two signs of life."""
MOST_DETAILS = 20
"""Files of one run: an error that comes back with each datagram fills no disk."""
SWITCH_INTERVAL = 0.0002
"""Seconds the writing thread may keep the interpreter from a check that waits for its answer."""


def _read_stdin(engine: Sessions, loop: asyncio.AbstractEventLoop) -> None:
    """Runs in a thread: works for a pipe, a terminal and a file alike."""
    lines = Lines(LONGEST_COMMAND)
    with contextlib.suppress(RuntimeError, OSError):  # the loop has ended before the input did
        while chunk := os.read(sys.stdin.fileno(), 65536):
            for line in lines.feed(chunk):
                loop.call_soon_threadsafe(engine.take, line)
        loop.call_soon_threadsafe(engine.take, lines.rest())
        loop.call_soon_threadsafe(engine.end, "stdin closed")


async def _beat(stream: Stream) -> None:
    """Tell whoever reads that this loop still turns."""
    while True:
        await asyncio.sleep(HEARTBEAT)
        stream.emit(events.Heartbeat)


async def serve(net: Net, stream: Stream) -> None:
    """Run until told to end."""
    loop = asyncio.get_running_loop()
    engine = Sessions(net, stream)
    failed: list[BaseException] = []
    contained: list[str | None] = []
    """Files with the details of errors that have ended no more than a piece of work."""

    def on_error(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException) and context.get("contained"):
            if len(contained) < MOST_DETAILS:
                contained.append(_keep_details(error))
        elif isinstance(error, BaseException):
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
    heart = asyncio.create_task(_beat(stream))
    await engine.ended.wait()
    heart.cancel()
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
    output = EventWriter(sys.stdout.fileno())
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
    output.finish(LAST_WORDS)
    return code


def run() -> NoReturn:
    """Run the engine and end the process."""
    code = main()
    # Threads that wait for a resolver or for input must not hold up the end.
    os._exit(code)


if __name__ == "__main__":
    run()
