"""A real dashboard on a terminal that nobody looks at, its events in a file."""

from __future__ import annotations

import contextlib
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path

from icetui.events import AnyEvent
from icetui.streams.event_reader import EventReader
from tests.lab import netns
from tests.lab.lab import Host

ROWS, COLUMNS = 40, 140


class Screen:
    """One dashboard; `drawn` counts the bytes that it has written to its terminal."""

    def __init__(self, host: Host, folder: Path, *options: str) -> None:
        self.recording = folder / f"{host.name}.recording.jsonl"
        home = folder / f"{host.name}.home"
        home.mkdir()
        self._terminal, inner = pty.openpty()
        ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        argv = (sys.executable, "-m", "icetui", *options, "--record", str(self.recording))
        self.process = subprocess.Popen(
            netns.command(host.namespace, *argv),
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env={
                **host.environment(),
                "HOME": str(home),
                "XDG_CONFIG_HOME": str(home),
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
            },
            start_new_session=True,
        )
        os.close(inner)
        self.drawn = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the terminal is gone
            while chunk := os.read(self._terminal, 65536):
                self.drawn += len(chunk)

    def told(self) -> list[AnyEvent]:
        """All events so far."""
        reader = EventReader()
        lines = self.recording.read_bytes().splitlines() if self.recording.exists() else []
        return [event for line in lines if (event := reader.read(line)) is not None]

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(4)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._thread.join(2)
        os.close(self._terminal)


@contextlib.contextmanager
def screen(host: Host, folder: Path, *options: str) -> Iterator[Screen]:
    """A dashboard, ended afterwards."""
    opened = Screen(host, folder, *options)
    try:
        yield opened
    finally:
        opened.close()
