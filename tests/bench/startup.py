"""How soon something is there: the first frame beside a minimal Textual app's, the demo, `--help`.

Both apps run under a terminal of 140 × 40 of their own, in turns. A frame counts when the word it
must show has been written to that terminal.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.table import ratio, show
from tests.running import environment

if sys.platform != "win32":
    import fcntl
    import pty
    import struct
    import termios

RUNS = 11
PATIENCE = 20.0
ROWS, COLUMNS = 40, 140
MINIMAL = """
from textual.app import App
from textual.widgets import Static

class Minimal(App):
    def compose(self):
        yield Static("firstframe")

Minimal().run()
"""
ICETUI = (sys.executable, "-m", "icetui", "--no-servers", "--interface", "lo")
DEMO = (sys.executable, "-m", "icetui", "demo")
SEQUENCE = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-_]")


def first_frame(argv: tuple[str, ...], word: bytes, env: dict[str, str]) -> float:
    """Seconds from starting `argv` on a terminal until `word` is written to it."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    began = time.perf_counter()
    process = subprocess.Popen(
        argv, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
    )
    os.close(slave)
    written = b""
    try:
        while word not in SEQUENCE.sub(b"", written):
            left = PATIENCE - (time.perf_counter() - began)
            if left <= 0 or not select.select([master], [], [], left)[0]:
                raise TimeoutError(f"{word!r} was not drawn: {written[-300:]!r}")
            written += os.read(master, 65536)
        return time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGTERM)
        _drain(master, process)


def _drain(master: int, process: subprocess.Popen[bytes]) -> None:
    """Read what a program writes while it ends; close the terminal then."""
    until = time.monotonic() + 2.0
    while process.poll() is None and time.monotonic() < until:
        if select.select([master], [], [], 0.05)[0]:
            with contextlib.suppress(OSError):
                os.read(master, 65536)
    if process.poll() is None:
        process.kill()
    process.wait()
    os.close(master)


def ends(argv: tuple[str, ...], env: dict[str, str]) -> float:
    """Seconds that a command takes from start to end."""
    began = time.perf_counter()
    subprocess.run(argv, stdout=subprocess.DEVNULL, env=env, timeout=PATIENCE, check=True)
    return time.perf_counter() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        env = environment(Path(home), TERM="xterm-256color", COLORTERM="truecolor")
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        minimal = (sys.executable, "-c", MINIMAL)
        frames: dict[str, list[float]] = {
            "minimal Textual app": [],
            "icetui": [],
            "icetui demo": [],
            "icetui demo connected": [],
        }
        for warm_up in (True, *[False] * RUNS):
            took = (
                first_frame(minimal, b"firstframe", env),
                first_frame(ICETUI, b"Candidates", env),
                first_frame(DEMO, b"Candidates", env),
                first_frame(DEMO, b"CONNECTED", env),
            )
            if not warm_up:
                for values, seconds in zip(frames.values(), took, strict=True):
                    values.append(seconds)
        show("First frame", frames)
        ratio(frames, "icetui", "minimal Textual app", 1.6)
        ratio(frames, "icetui demo", "minimal Textual app", 1.8)

        commands = {
            "python -c pass": (sys.executable, "-c", "pass"),
            "icetui --help": (sys.executable, "-m", "icetui", "--help"),
            "icetui --version": (sys.executable, "-m", "icetui", "--version"),
        }
        helps: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, argv in commands.items():
                helps[name].append(ends(argv, env))
        show("Help", helps)
        ratio(helps, "icetui --help", "python -c pass", 5.0)


if __name__ == "__main__":
    main()
