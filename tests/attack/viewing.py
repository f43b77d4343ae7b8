"""What a long recording costs: reading it for a report, and showing it.

`python -m tests.attack.viewing [EVENTS]` makes a recording of a million events by repeating a real
one and prints seconds and megabytes of a report and of the dashboard, each in a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from icetui import events
from icetui.streams.recording import read

SOURCE = Path(__file__).parents[1] / "recordings" / "relayed.jsonl"
EVENTS = 1_000_000

REPORT = """
import resource, sys, time
from pathlib import Path
from icetui.streams.recording import read
from icetui.reports.text import report
from icetui.session import fold
began = time.monotonic()
session = fold(read(Path(sys.argv[1])))
report(session)
took = time.monotonic() - began
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"report: {session.count} events in {took:.1f} s, {memory:.0f} MB")
"""
VIEW = """
import asyncio, resource, sys, time
from icetui.commands import opened_sources
from icetui.dashboard.app import Dashboard

async def main():
    began = time.monotonic()
    app = Dashboard(opened_sources.recording(sys.argv[1], float("inf")))
    async with app.run_test(size=(160, 50)):
        while app.living.trouble is None:  # set at the end of a recording
            await asyncio.sleep(0.02)
        took = time.monotonic() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"view: {app.living.session.count} events in {took:.1f} s, {memory:.0f} MB")

asyncio.run(main())
"""


def make(path: Path, count: int) -> None:
    """A recording of `count` events whose time goes on."""
    recorded = list(read(SOURCE))
    length = recorded[-1].t + 1
    with path.open("wb") as file:
        for number in range(count):
            event = recorded[number % len(recorded)]
            shift = number // len(recorded) * length
            moved = msgspec.structs.replace(event, t=event.t + shift, wall=event.wall + shift)
            file.write(events.encode(moved))


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    handle, name = tempfile.mkstemp(suffix=".jsonl")
    os.close(handle)
    path = Path(name)
    try:
        make(path, count)
        print(f"a recording of {path.stat().st_size / 1e6:.0f} MB")
        for code in (REPORT, VIEW):
            subprocess.run([sys.executable, "-c", code, name], check=True)
    finally:
        path.unlink()


if __name__ == "__main__":
    main()
