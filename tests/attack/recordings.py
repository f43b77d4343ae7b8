"""What a recording grows to.

`python -m tests.attack.recordings` prints megabytes a minute of a recording under 20,000 messages a
second, and of a quiet path.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from icetui import events
from icetui.streams.recording import read
from icetui.streams.thinning import Thinning

RECORDINGS = Path(__file__).parents[1] / "recordings"


def kept(stream: Iterator[events.AnyEvent]) -> dict[int, int]:
    """Bytes that a recording would take, by minute."""
    thin = Thinning()
    minutes: dict[int, int] = {}
    for event in stream:
        for one in thin.kept(event):
            size = len(events.encode(one))
            thin.wrote(one, size)
            minutes[int(one.t // 60)] = minutes.get(int(one.t // 60), 0) + size
    return minutes


def attack() -> Iterator[events.AnyEvent]:
    """Three minutes of 20,000 messages a second."""
    recorded = read(RECORDINGS / "connected.jsonl")
    one = next(e for e in recorded if isinstance(e, events.StunMessage))
    for number in range(3 * 60 * 20_000):
        yield msgspec.structs.replace(one, t=number / 20_000)


def quiet() -> Iterator[events.AnyEvent]:
    """Two hours of what a connected path tells: the recorded session's last second, repeated."""
    recorded = list(read(RECORDINGS / "connected.jsonl"))
    yield from recorded
    began = recorded[-1].t - 1.0
    second = [e for e in recorded if e.t >= began and not isinstance(e, events.SessionClosed)]
    for number in range(2 * 3600):
        for event in second:
            yield msgspec.structs.replace(event, t=event.t + number)


def main() -> None:
    """Print the figures."""
    minutes = kept(attack())
    print(f"under attack: {max(minutes.values()) / 1e6:.2f} MB in the worst minute")
    minutes = kept(quiet())
    late = [minutes[m] for m in sorted(minutes)[60:-1]]
    print(f"quiet: {sum(late) / len(late) / 1e3:.0f} kB a minute after the first hour")


if __name__ == "__main__":
    main()
