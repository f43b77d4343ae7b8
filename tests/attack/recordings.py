"""What a recording grows to, and what altered recordings do to whatever reads them.

`python -m tests.attack.recordings [COUNT]` prints megabytes a minute of a recording under 20,000
messages a second and of a quiet path, and the exceptions out of COUNT mutated recordings (100,000
by default), each read, folded, diagnosed, reported and summarised. The seed is fixed.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import msgspec

from icetui import events
from icetui.diagnosis import diagnose
from icetui.reports.formats import FORMATS, write
from icetui.reports.summary import summarise
from icetui.session import Session
from icetui.streams.event_reader import EventReader
from icetui.streams.recording import read
from icetui.streams.thinning import Thinning

RECORDINGS = Path(__file__).parents[1] / "recordings"
COUNT = 100_000
SEED = 20261126
TRAPS = (b"\\u001b[2J", b"\\u202e", "\u009b".encode(), b"\\n", b"1e308", b"-1e300", b"9" * 400,
         b"null", b"{}", b"[]", b'""', b"\xff", b"-1", b"0")  # fmt: skip


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


def mutated(lines: list[bytes], rng: random.Random) -> list[bytes]:
    """Some lines, some of them altered, in some order."""
    chosen = [rng.choice(lines) for _ in range(rng.randint(5, 40))]
    for at in range(len(chosen)):
        line = bytearray(chosen[at])
        for _ in range(rng.choice((0, 0, 1, 1, 2, 5))):
            place = rng.randrange(len(line) + 1)
            how = rng.randrange(5)
            if how == 0 and line:
                line[place % len(line)] = rng.randrange(256)
            elif how == 1:
                del line[place : place + rng.randint(1, 20)]
            elif how == 2:
                line[place:place] = rng.choice(TRAPS)
            elif how == 3:
                digits = [i for i, c in enumerate(line) if 48 <= c <= 57]
                if digits:
                    i = rng.choice(digits)
                    line[i : i + 1] = rng.choice(TRAPS)
            else:
                other = rng.choice(lines)
                line[place:] = other[rng.randrange(len(other)) :]
        chosen[at] = bytes(line)
    return chosen


def try_one(lines: list[bytes], form: str) -> None:
    """Everything that looks at a recording."""
    reader, session = EventReader(), Session()
    for line in lines:
        event = reader.read(line)
        if event is not None:
            session.apply(event)
    diagnose(session)
    told = write(session, form)
    assert all(c.isprintable() or c in "\n\u00a0" for c in told), "a control character came through"
    assert not re.search(r"\b(inf|nan)\b", told), "a number that is none came through"
    events.encode(summarise(session))


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    minutes = kept(attack())
    print(f"under attack: {max(minutes.values()) / 1e6:.2f} MB in the worst minute")
    minutes = kept(quiet())
    late = [minutes[m] for m in sorted(minutes)[60:-1]]
    print(f"quiet: {sum(late) / len(late) / 1e3:.0f} kB a minute after the first hour")
    rng = random.Random(SEED)
    files = sorted(RECORDINGS.glob("*.jsonl"))
    lines = [line for path in files for line in path.read_bytes().splitlines() if line]
    failures = 0
    began = time.monotonic()
    for number in range(count):
        chosen = mutated(lines, rng)
        try:
            try_one(chosen, FORMATS[number % len(FORMATS)])
        except Exception as error:  # whatever comes out is what is looked for
            failures += 1
            handle = tempfile.NamedTemporaryFile(delete=False, suffix=".jsonl")  # noqa: SIM115
            with handle:
                handle.write(b"\n".join(chosen))
            where = traceback.extract_tb(error.__traceback__)[-1]
            print(f"  {type(error).__name__}: {error} ({where.name}:{where.lineno}, {handle.name})")
    print(f"mutated recordings: {failures} exceptions in {count}, "
          f"{time.monotonic() - began:.0f} s")  # fmt: skip


if __name__ == "__main__":
    main()
