"""A real terminal for tests: a tmux server of the test's own, typed into and read."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

POLL = 0.05
INSTALLED = shutil.which("tmux") is not None


class Tmux:
    """One tmux server with one window for each program."""

    def __init__(self, socket: Path, env: dict[str, str]) -> None:
        self._socket = socket
        self._env = env | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self._started = False

    def call(self, *arguments: str, text: str | None = None) -> str:
        """Run one tmux command."""
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), "-f", "/dev/null", *arguments],
            input=text,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 0, f"tmux {arguments}: {done.stderr}"
        return done.stdout

    def open(self, *program: str, columns: int = 80, rows: int = 24) -> Window:
        """Run a program in a window of this size."""
        size = ("-x", str(columns), "-y", str(rows))
        where = ("-P", "-F", "#{window_id}")
        settings = [f"-e{name}={value}" for name, value in self._env.items()]
        name = self.call("new-session", "-d", *size, *where, *settings, *program).strip()
        self._started = True
        return Window(self, name)

    def buffer(self) -> str:
        """What was copied last."""
        return self.call("show-buffer")

    def close(self) -> None:
        """End every program in it."""
        if self._started:
            self._started = False
            self.call("kill-server")


class Window:
    """One program on one screen."""

    def __init__(self, tmux: Tmux, name: str) -> None:
        self._tmux = tmux
        self._name = name

    @property
    def name(self) -> str:
        """What tmux calls it."""
        return self._name

    def keys(self, *names: str) -> None:
        """Press keys, by tmux's names for them."""
        self._tmux.call("send-keys", "-t", self._name, *names)

    def type(self, text: str) -> None:
        self._tmux.call("send-keys", "-t", self._name, "-l", text)

    def paste(self, text: str) -> None:
        """Paste as a terminal does, bracketed."""
        self._tmux.call("load-buffer", "-b", "test", "-", text=text)
        self._tmux.call("paste-buffer", "-p", "-d", "-b", "test", "-t", self._name)

    def screen(self) -> str:
        return self._tmux.call("capture-pane", "-p", "-t", self._name)

    def until(self, shows: str | Callable[[str], bool], within: float = 15) -> str:
        """The first screen that matches a regular expression, or for which `shows` holds."""
        deadline = time.monotonic() + within
        while True:
            screen = self.screen()
            matches = bool(re.search(shows, screen)) if isinstance(shows, str) else shows(screen)
            if matches:
                return screen
            assert time.monotonic() < deadline, f"{shows} is not on the screen:\n{screen}"
            time.sleep(POLL)  # the terminal tells nobody when it has drawn
