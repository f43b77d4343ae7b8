"""A made-up engine for the drawing bench: many pairs, and as many changes a second as asked for.

`python -m tests.bench.storm PAIRS CHANGES MESSAGES` prints events without end, stamped with real
time. Once a second it refuses a command with `mark` and the wall clock: how late that is on the
screen is how far the screen is behind.
"""

from __future__ import annotations

import os
import random
import sys
import time

from icetui import events
from tests.dashboard.streams import SID, Teller, connected, described, gathered, many_pairs, pair

SLICE = 0.02
"""Seconds between two writes."""
READY = "mark"
UNSTAMPED = b'"wall":0.0,"t":0.0'


def stamped(kind: type, t: float, **fields: object) -> bytes:
    return events.encode(kind(wall=time.time(), t=t, session=SID, **fields))


def variants(number: int) -> list[list[events.Pair]]:
    """For each pair the states it goes through, made beforehand: the bench is not about making."""
    side = int(number**0.5)
    found = []
    for n in range(number):
        name, priority = f"L{n // side}-R{n % side}", number - n
        steps = [pair(name, priority=priority, state="in-progress", requests_sent=1)]
        steps += [
            pair(
                name,
                priority=priority,
                state="in-progress",
                requests_sent=1,
                retransmissions_sent=k,
            )
            for k in range(1, 4)
        ]
        steps += [
            pair(name, priority=priority, state="failed", requests_sent=1, retransmissions_sent=6,
                 reason=events.Reason.TIMEOUT, detail="7 requests, no answer"),
            pair(name, priority=priority, state="succeeded", valid=True, requests_sent=1 + n % 7,
                 responses_received=1 + n % 7, round_trips=1, current_round_trip_time=0.02),
        ]  # fmt: skip
        found.append(steps)
    return found


def main() -> None:
    number, changes, messages = (int(word) for word in sys.argv[1:4])
    out = 1
    began = time.monotonic()
    tell = Teller()
    for event in [*gathered(tell), *described(tell), *connected(tell), *many_pairs(tell, number)]:
        os.write(out, events.encode(event))
    offset = tell.t
    steps, chance = variants(number), random.Random(1)
    lines = [
        [events.encode(events.PairChanged(wall=0.0, t=0.0, session=SID, pair=p)) for p in each]
        for each in steps
    ]
    assert all(UNSTAMPED in line for each in lines for line in each)
    sent = [0] * number
    due_changes = due_messages = 0.0
    marked, odd = 0.0, False
    last = time.monotonic()
    while True:
        time.sleep(SLICE)  # the pace is what is asked for
        now = time.monotonic()
        due_changes += changes * (now - last)
        due_messages += messages * (now - last)
        last = now
        t = offset + now - began
        buffer = []
        stamp = f'"wall":{time.time()!r},"t":{t!r}'.encode()
        for _ in range(int(due_changes)):
            n = chance.randrange(number)
            sent[n] += 1
            line = lines[n][sent[n] % len(lines[n])]
            buffer.append(line.replace(UNSTAMPED, stamp, 1))
        due_changes -= int(due_changes)
        for _ in range(int(due_messages)):
            n = chance.randrange(number)
            buffer.append(
                stamped(
                    events.StunMessage, t, direction="out", local="10.1.0.1:5000", size=108,
                    remote="10.2.0.1:6000", method="Binding", message_class="request",
                    transaction=f"{chance.getrandbits(96):024x}", pair=steps[n][0].id,
                )
            )  # fmt: skip
        due_messages -= int(due_messages)
        if now - marked >= 1:
            marked = now
            odd = not odd  # else only the digits that changed would be written
            mark = f"{'so ' * odd}{READY} {time.time():.3f} end"
            buffer.append(stamped(events.CommandRefused, t, command="mark", problem=mark))
        data = b"".join(buffer)
        while data:
            data = data[os.write(out, data) :]


if __name__ == "__main__":
    main()
