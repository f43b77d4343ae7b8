"""Mutated recordings for whatever reads one: each read, folded, diagnosed, reported, summarised."""

from __future__ import annotations

import random
import re
from pathlib import Path

from icetui import events
from icetui.diagnosis import diagnose
from icetui.reports.formats import FORMATS, write
from icetui.reports.summary import summarise
from icetui.session import Session
from icetui.streams.event_reader import EventReader

RECORDINGS = Path(__file__).parents[1] / "recordings"
TRAPS = (b"\\u001b[2J", b"\\u202e", "\u009b".encode(), b"\\n", b"1e308", b"-1e300", b"9" * 400,
         b"null", b"{}", b"[]", b'""', b"\xff", b"-1", b"0")  # fmt: skip
LINES = [
    line
    for path in sorted(RECORDINGS.glob("*.jsonl"))
    for line in path.read_bytes().splitlines()
    if line
]


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


def made(rng: random.Random) -> bytes:
    """One recording."""
    return b"\n".join(mutated(LINES, rng))


def look(data: bytes) -> str:
    """All that looks at a recording, with one of the report's formats; which one that was."""
    form, lines = FORMATS[len(data) % len(FORMATS)], data.split(b"\n")
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
    return form
