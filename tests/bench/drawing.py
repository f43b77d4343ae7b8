"""What drawing costs: `python -m tests.bench.drawing [CASE…] [--seconds N]`.

A dashboard on a terminal of 160 × 50 that is read as fast as it writes. Of its process alone:
processor time, bytes written to the terminal, memory, how late news is, and how long a key takes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.bench.goals.row import Row, percentile
from tests.running import environment

if sys.platform != "win32":
    import fcntl
    import pty
    import struct
    import termios

ROWS, COLUMNS = 50, 160
SETTLED = 6.0
"""Seconds before anything is measured."""
SEQUENCE = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-_]|\x1b\][^\x07]*\x07")
MARK = re.compile(rb"mark (\d+\.\d+) end")
KEYS = 12
HELP, BACK = b"?", b"\x1b"


class Drawn:
    """One dashboard and the terminal it draws on."""

    def __init__(self, argv: tuple[str, ...], home: Path) -> None:
        self._terminal, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        env = environment(home, TERM="xterm-256color", COLORTERM="truecolor")
        self.process = subprocess.Popen(
            argv, stdin=inner, stdout=inner, stderr=inner, env=env, start_new_session=True
        )
        os.close(inner)
        self.bytes = 0
        self.late: list[float] = []
        """Seconds from an event's making to its being on the terminal."""
        self._marks: set[bytes] = set()
        self._tail = b""
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the terminal is gone
            while chunk := os.read(self._terminal, 65536):
                with self._news:
                    self.bytes += len(chunk)
                    text = SEQUENCE.sub(b"", chunk)
                    self._tail = (self._tail + text)[-40_000:]
                    # One that is drawn again has only moved up as the log went on.
                    new = [m[1] for m in MARK.finditer(text) if m[1] not in self._marks]
                    self._marks.update(new)
                    self.late += [time.time() - float(mark) for mark in new]
                    self._news.notify_all()

    def press(self, key: bytes) -> None:
        with self._news:
            self._tail = b""
        os.write(self._terminal, key)

    def until(self, word: bytes, within: float = 20.0) -> float:
        """Seconds until `word` is drawn."""
        began = time.perf_counter()
        with self._news:
            if not self._news.wait_for(lambda: word in self._tail, within):
                raise TimeoutError(f"{word!r} was not drawn: {self._tail[-500:]!r}")
        return time.perf_counter() - began

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far, of this process alone."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> float:
        """Resident megabytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1000

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(4)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._thread.join(2)
        os.close(self._terminal)


def storm(pairs: int, changes: int, messages: int) -> tuple[str, ...]:
    maker = (sys.executable, "-m", "tests.bench.storm", str(pairs), str(changes), str(messages))
    return (sys.executable, "-m", "icetui", "view", "--", *maker)


CASES: dict[str, tuple[str, tuple[str, ...], bytes, float, float]] = {
    "idle": ("connected, nothing touched", (sys.executable, "-m", "icetui", "demo"), b"", 2, 3),
    "details": ("… details open", (sys.executable, "-m", "icetui", "demo"), b"\r", 2, 6),
    "diagnosis": ("… diagnosis open", (sys.executable, "-m", "icetui", "demo"), b"d", 2, 3),
    "storm": ("2,500 pairs, 500 changes + 500 STUN /s", storm(2500, 500, 500), b"", 15, 25),
    "many": ("2,500 pairs, 2,500 changes/s", storm(2500, 2500, 0), b"", 100, 1000),
    "flood": ("2,500 pairs, 25,000 changes/s", storm(2500, 25_000, 0), b"", 40, 1000),
}
"""Name: what it is, the program, keys pressed first, and the goals: % of a core, kB/s."""


def measure(name: str, seconds: float) -> list[Row]:
    title, argv, keys, most_cpu, most_kb = CASES[name]
    with tempfile.TemporaryDirectory() as home:
        shown = Drawn(argv, Path(home))
        try:
            shown.until(b"CONNECTED")
            time.sleep(SETTLED)  # what is measured is the steady state
            if keys:
                shown.press(keys)
                time.sleep(1)
            shown.late.clear()
            before, drawn, began = shown.cpu, shown.bytes, time.perf_counter()
            time.sleep(seconds)
            took = time.perf_counter() - began
            cpu = 100 * (shown.cpu - before) / took
            kb = (shown.bytes - drawn) / took / 1000
            late = max(shown.late, default=None)
            rows = [
                Row(title, f"{cpu:.1f} % of a core", f"≤ {most_cpu} %", cpu <= most_cpu),
                Row("", f"{kb:.1f} kB/s drawn", f"≤ {most_kb} kB/s", kb <= most_kb),
                Row("", f"{shown.memory:.0f} MB", "≤ 60 MB", shown.memory <= 60),
            ]
            if late is not None:
                rows.append(Row("", f"at most {late:.2f} s behind", "≤ 0.5 s", late <= 0.5))
            if not keys:
                waits = list(_keys(shown))
                p99, middle = 1000 * percentile(waits, 0.99), 1000 * percentile(waits, 0.5)
                told = f"key to screen p50 {middle:.0f}, worst {p99:.0f} ms"
                rows.append(Row("", told, "≤ 100 ms", p99 <= 100))
            return rows
        finally:
            shown.close()


def _keys(shown: Drawn) -> list[float]:
    """How long the freeze takes to be seen: it is drawn with everything else."""
    waits = []
    for _ in range(KEYS):
        shown.press(b"z")
        waits.append(shown.until(b"FROZEN"))
        time.sleep(0.2)
        shown.press(b"z")
        time.sleep(0.4)
    return waits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []])
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    for name in given.cases or CASES:
        for row in measure(name, given.seconds):
            print(row, flush=True)


if __name__ == "__main__":
    main()
