"""How fast lines become events, what junk costs, and what a stream without line ends costs.

`python -m tests.attack.reading` prints events and bytes a second of processor time, and the memory
it took.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path

from icetui.streams.event_reader import EventReader
from icetui.streams.line_splitter import Lines

RECORDING = Path(__file__).parents[1] / "recordings" / "relayed.jsonl"
EVENTS = 200_000
ENDLESS = 512 * 1024 * 1024
CHUNK = b"a" * 65536


def memory() -> float:
    """Most megabytes this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the figures."""
    lines = RECORDING.read_bytes().splitlines()
    reader = EventReader()
    began = time.process_time()
    for number in range(EVENTS):
        assert reader.read(lines[number % len(lines)]) is not None
    took = time.process_time() - began
    print(f"reading: {EVENTS / took / 1000:.0f} k events a second of processor time")

    before = memory()
    split = Lines()
    began = time.process_time()
    for _ in range(ENDLESS // len(CHUNK)):
        split.feed(CHUNK)
    took = time.process_time() - began
    print(
        f"without line ends: {ENDLESS / took / 1e6:.0f} MB/s, {memory() - before:.1f} MB of memory"
        f" for {ENDLESS // 1024 // 1024} MB"
    )


if __name__ == "__main__":
    main()
