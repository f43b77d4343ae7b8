"""A terminal on one of the lab's hosts: tmux, typed into and read."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.lab.lab import Host

POLL = 0.05


class Terminal:
    """One program in one tmux of its own, whose socket lies in the lab's folder."""

    def __init__(self, host: Host, program: list[str], columns: int, rows: int) -> None:
        self.host = host
        self.socket = str(host.lab.folder / f"{host.name}.tmux")
        self._tmux(
            "-f/dev/null",
            "new-session",
            "-d",
            f"-x{columns}",
            f"-y{rows}",
            *(f"-e{name}={value}" for name, value in self._settings().items()),
            *program,
        )

    def _settings(self) -> dict[str, str]:
        home = self.host.lab.folder / f"{self.host.name}.home"
        home.mkdir(exist_ok=True)
        return {
            "PYTHONPATH": self.host.environment()["PYTHONPATH"],
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "TERM": "tmux-256color",
        }

    def _tmux(self, *arguments: str) -> str:
        done = self.host.run("tmux", "-u", "-S", self.socket, *arguments)
        if done.returncode:
            raise RuntimeError(f"tmux {arguments[0]}: {done.stderr.strip()}")
        return done.stdout

    def keys(self, *names: str) -> None:
        """Press keys, by tmux's names for them."""
        self._tmux("send-keys", *names)

    def paste(self, text: str) -> None:
        """Paste as a person does (bracketed, if the program asked for that)."""
        buffer = self.host.lab.folder / f"{self.host.name}.paste"
        buffer.write_text(text)
        self._tmux("load-buffer", str(buffer))
        self._tmux("paste-buffer", "-p")

    def copied(self) -> str:
        """What the program sent to tmux's clipboard last, or nothing."""
        try:
            return self._tmux("show-buffer")
        except RuntimeError:
            return ""

    def screen(self) -> str:
        """What is on the screen."""
        return self._tmux("capture-pane", "-p")

    def wait(self, shows: Callable[[str], bool], timeout: float = 20) -> str:
        """The first screen for which ``shows`` holds. Raises ``AssertionError`` with the last."""
        deadline = time.monotonic() + timeout
        while True:
            screen = self.screen()
            if shows(screen):
                return screen
            if time.monotonic() > deadline:
                raise AssertionError(f"not on {self.host.name}'s screen in time:\n{screen}")
            time.sleep(POLL)  # neither a screen nor a file tells anybody

    def close(self) -> None:
        """End the program and its tmux."""
        with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired):
            self._tmux("kill-server")


@contextlib.contextmanager
def terminal(host: Host, *program: str, columns: int = 140, rows: int = 40) -> Iterator[Terminal]:
    """A terminal that is closed at the end."""
    opened = Terminal(host, list(program), columns, rows)
    try:
        yield opened
    finally:
        opened.close()


def await_file(path: Path, timeout: float = 20, *, holding: str = "") -> str:
    """A file's text, as soon as there is one, with `holding` in it."""
    deadline = time.monotonic() + timeout
    while not (path.exists() and path.stat().st_size and holding in path.read_text()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{path} was not written in time")
        time.sleep(POLL)  # neither a screen nor a file tells anybody
    return path.read_text()
