"""A connected pair when the network changes: a link is cut, a NAT rebinds, a path is slow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

from icetui import events
from icetui.session import Session
from tests.bench.goals.rig import (
    BOTH,
    STUN_ONLY,
    Engine,
    await_path,
    engines,
    introduce,
    lab_of,
    later,
    relays,
)
from tests.bench.goals.row import Options, Row, seconds, within

SERVERS = {"": BOTH, ", no TURN": STUN_ONLY}
SESSIONS = 4
"""That are cut at once: each has its probes at other moments."""
STEADY = 3.0
"""Seconds after the first path before something is done to it."""
HOPE = 12.0
"""Seconds for which an effect is waited for."""


def cut(options: Options) -> Iterator[Row]:
    """One uplink is cut for good; counted until each side of several sessions says so."""
    for name, start in SERVERS.items():
        near: list[float | None] = []
        far: list[float | None] = []
        with lab_of("prc", "prc") as lab:
            for _ in range(options.times(5)):
                with ExitStack() as stack:
                    pairs = []
                    for _ in range(SESSIONS):
                        hosts = lab["alice"], lab["bob"]
                        pair = stack.enter_context(engines(*hosts, start=start, note=f"cut{name}"))
                        introduce(*pair)
                        await_path(*pair)
                        pairs.append(pair)
                    time.sleep(STEADY)  # a path at rest, not one just up
                    lab.cut("bob")
                    at = time.time()
                    for alice, bob in pairs:
                        far.append(_since(_disconnected(alice, at), at))
                        near.append(_since(_disconnected(bob, at), at))
                lab.restore("bob")
        yield Row(
            f"link cut for good{name}",
            f"near side {seconds(near)}; far side {seconds(far)}",
            "≤ 2 s, every one",
            within(near + far, 2.0, worst=True),
            f"{len(near)} sessions",
        )


def _disconnected(engine: Engine, at: float) -> float | None:
    found = engine.first(
        events.ConnectionStateChanged,
        lambda e: e.wall >= at and e.state in ("disconnected", "failed"),
        max(0.0, at + HOPE - time.time()),
    )
    return found.wall if found else None


def _since(moment: float | None, at: float) -> float | None:
    return None if moment is None else moment - at


def rebind(options: Options) -> Iterator[Row]:
    """Alice's NAT forgets its mappings; counted until each side's path has answered again.

    Without a relay nobody can tell Bob's NAT where she is now: that row is only there to see.
    """
    for name, start in SERVERS.items():
        back: list[float | None] = []
        direct: list[float | None] = []
        with lab_of("prc", "prc") as lab:
            for number in range(options.times(5)):
                with engines(lab["alice"], lab["bob"], start=start, note=f"rebind{name}") as pair:
                    introduce(*pair)
                    await_path(*pair)
                    time.sleep(STEADY + 0.23 * number)  # another phase of the probes each
                    lab.rebind("alice")
                    at = time.time()
                    time.sleep(HOPE)  # whether it comes back shows only with time
                    back.append(later([answered_again(e, at, False) for e in pair], at))
                    direct.append(later([answered_again(e, at, True) for e in pair], at))
        yield Row(
            f"NAT rebinds{name}, prc–prc",
            f"both {seconds(back)}; direct again {seconds(direct)}",
            "≤ 2 s" if start is BOTH else "(impossible)",
            within(back, 2.0, worst=True) if start is BOTH else None,
        )


def answered_again(engine: Engine, at: float, direct: bool) -> float | None:
    """When the selected pair was first answered for something sent after `at`."""
    session = Session()
    for event in engine.told:
        session.apply(event)
        if not isinstance(event, events.RoundTripMeasured | events.SelectedPairChanged):
            continue
        if event.wall <= at or session.selected is None:
            continue
        asked = [
            e.wall
            for e in engine.of(events.RoundTripMeasured)
            if e.pair == session.selected and at < e.wall - e.seconds and e.wall <= event.wall
        ]
        if asked and session.connected and not (direct and relays(session)):
            return event.wall
    return None


def slow(options: Options) -> Iterator[Row]:
    """A path with a round trip of two seconds."""
    stay = 600.0 if options.long else 60.0
    with (
        lab_of("prc", "prc", delay=0.5) as lab,
        engines(lab["alice"], lab["bob"], start=STUN_ONLY, note="slow") as pair,
    ):
        known = introduce(*pair)
        first = later(await_path(*pair), known)
        since = time.time()
        time.sleep(stay)  # that it stays is the claim
        troubles = [
            f"{event.state} after {event.wall - since:.0f} s: {event.cause}"
            for engine in pair
            for event in engine.of(events.ConnectionStateChanged)
            if event.wall > since and event.state not in ("connected", "completed")
        ]
        lost = sum(len(engine.of(events.RequestLost)) for engine in pair)
        states = [engine.session().state for engine in pair]
    connected = first is not None and all(s in ("connected", "completed") for s in states)
    yield Row(
        f"path with RTT 2 s, for {stay:.0f} s",
        f"first path {seconds([first])}; {' and '.join(states)}; {lost} counted lost",
        "stays",
        connected and not troubles,
        "; ".join(troubles[:3]),
    )
