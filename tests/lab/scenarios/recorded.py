"""Sessions of scenarios, kept small: for the tests of the rules."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from icetui import events
from icetui.events import AnyEvent, Pair
from icetui.streams.event_reader import EventReader
from icetui.streams.recording import without_secrets
from tests.lab.scenarios.scenario import Scenario

STUN_METHODS = ("Allocate", "Refresh")
"""Of the STUN messages only these are kept, the latest from each server and the first check."""


def keep(folder: Path, scenario: Scenario, told: Mapping[str, list[AnyEvent]]) -> None:
    """Write each side's session into ``folder``, trimmed and compressed."""
    folder.mkdir(parents=True, exist_ok=True)
    for side, stream in told.items():
        if stream:
            lines = b"".join(events.encode(without_secrets(e)) for e in trimmed(stream))
            # No time stamp inside: the same session makes the same file.
            (folder / f"{scenario.key}.{side}.jsonl.gz").write_bytes(
                gzip.compress(lines, 9, mtime=0)
            )


def trimmed(stream: Iterable[AnyEvent]) -> Iterator[AnyEvent]:
    """What the diagnosis looks at: no STUN message but of TURN and the servers and checks that
    arrive in spite of silence, and of a pair's changes those that are more than a figure, and the
    last."""
    told = list(stream)
    last = {e.pair.id: n for n, e in enumerate(told) if isinstance(e, events.PairChanged)}
    answers = {
        e.remote: n
        for n, e in enumerate(told)
        if isinstance(e, events.StunMessage) and e.direction == "in" and e.pair is None
    }
    asked = next((n for n, e in enumerate(told) if _is_check(e)), -1)
    shown: dict[str, Pair] = {}
    silent = False
    for number, event in enumerate(told):
        if isinstance(event, events.ConnectionStateChanged):
            silent = event.state == "disconnected"
        if isinstance(event, events.StunMessage):
            wanted = event.method in STUN_METHODS or answers.get(event.remote) == number
            if not wanted and number != asked and not (silent and _is_check(event)):
                continue
        elif isinstance(event, events.PairChanged):
            before, now = shown.get(event.pair.id), event.pair
            shown[now.id] = now
            if number != last[now.id] and before is not None and _same(before, now):
                continue
        yield event


def _is_check(event: AnyEvent) -> bool:
    """Whether it is a check of theirs."""
    return (
        isinstance(event, events.StunMessage)
        and event.direction == "in"
        and event.message_class == "request"
    )


def _same(before: Pair, now: Pair) -> bool:
    return _gist(before) == _gist(now)


def _gist(pair: Pair) -> tuple[object, ...]:
    """All but how many of each there were."""
    came = bool(pair.requests_received), bool(pair.responses_received)
    return pair.state, pair.reason, pair.valid, pair.nominated, pair.detail is None, came


def recorded(path: Path) -> list[AnyEvent]:
    """A session that ``keep`` has written."""
    reader = EventReader()
    lines = gzip.decompress(path.read_bytes()).splitlines()
    return [e for line in lines if (e := reader.read(line)) is not None]
