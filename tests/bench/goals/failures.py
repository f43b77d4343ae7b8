"""What cannot work: how soon is the reason there, and how soon can one leave?"""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec

from icetui import events
from icetui.events import Reason, StartSession, StunServer
from tests.bench.goals.rig import (
    BOTH,
    NO_SERVERS,
    STUN_ONLY,
    TO_SERVER,
    TURN,
    Engine,
    await_path,
    engines,
    introduce,
    lab_of,
)
from tests.bench.goals.row import Options, Row, seconds, within
from tests.lab.topology import BLACKHOLE_V4, SERVER_V4

SLACK = 0.01
"""Seconds that a round trip may take longer than the lines by themselves."""


def hopeless(options: Options) -> Iterator[Row]:
    """Nothing can connect: until every pair has failed with a reason, on both sides."""
    for name, kind, start in (
        ("no servers, prc–prc", "prc", NO_SERVERS),
        ("no TURN, sym–sym", "sym", STUN_ONLY),
    ):
        took: list[float | None] = []
        going_on = []
        with lab_of(kind, kind) as lab:
            for _ in range(options.times(5)):
                with engines(lab["alice"], lab["bob"], start=start, note="hopeless") as pair:
                    known = introduce(*pair)
                    ends = [all_failed(engine) for engine in pair]
                    took += [None if end is None else end - known for end in ends]
                    time.sleep(3)  # that checks go on shows only with time
                    going_on.append(
                        all(keeps_trying(e, end) for e, end in zip(pair, ends, strict=True))
                    )
        yield Row(
            f"nothing can connect: {name}",
            f"{seconds(took)}; keeps trying: {'yes' if all(going_on) else 'NO'}",
            "≤ 3 s, keeps trying",
            within(took, 3.0, worst=True) and all(going_on),
        )


def all_failed(engine: Engine) -> float | None:
    """When the session first had no pair that was not failed with a reason."""
    found = engine.first(events.ConnectionStateChanged, lambda e: e.state == "failed")
    pairs = engine.session().pairs.values()
    reasoned = all(pair.reason is not None for pair in pairs if pair.state == "failed")
    return found.wall if found is not None and reasoned else None


def keeps_trying(engine: Engine, end: float | None) -> bool:
    return end is not None and any(
        e.wall > end and e.direction == "out" and e.pair for e in engine.of(events.StunMessage)
    )


def servers(options: Options) -> Iterator[Row]:
    """A wrong TURN password, a STUN server that is not there, a closed port."""
    wrong = StartSession(turn_servers=(msgspec.structs.replace(TURN, password="not this"),))
    dead = StartSession(stun_servers=(StunServer(host=BLACKHOLE_V4),))
    closed = StartSession(stun_servers=(StunServer(host=SERVER_V4[0], port=9),))
    cases = (
        (
            "wrong TURN password",
            wrong,
            Reason.UNAUTHENTICATED,
            TO_SERVER + SLACK,
            "≤ 1 RTT (50 ms)",
        ),
        ("dead STUN server", dead, Reason.TIMEOUT, 2.0 + SLACK, "2 s"),
        ("closed STUN port", closed, Reason.ICMP_UNREACHABLE, TO_SERVER + SLACK, "≤ 1 RTT (50 ms)"),
    )
    with lab_of("prc", "prc") as lab:
        for name, start, reason, bound, goal in cases:
            took: list[float | None] = []
            keyed: list[float | None] = []
            for _ in range(options.times(5)):
                with engines(lab["alice"], start=start, note=name) as (engine,):
                    failed = engine.first(
                        events.ServerChanged, lambda e: e.server.state == "failed"
                    )
                    right = failed is not None and failed.server.reason == reason
                    asked = [e for e in engine.of(events.StunMessage) if e.direction == "out"]
                    with_key = [e for e in asked if any(a.name == "USERNAME" for a in e.attributes)]
                    for into, sent in ((took, asked), (keyed, with_key or asked)):
                        known = failed is not None and right and sent
                        into.append(failed.wall - sent[0].wall if known and failed else None)
            differs = f"; from the request with the password {seconds(keyed)}"
            yield Row(
                f"reason: {name}",
                f"{seconds(took)}{differs if keyed != took else ''}",
                goal,
                within(keyed, bound),
            )


def closing(options: Options) -> Iterator[Row]:
    """Leaving while the TURN server cannot be reached: until the engine has ended."""
    swallowed = StartSession(turn_servers=(msgspec.structs.replace(TURN, host=BLACKHOLE_V4),))
    cut_off: list[float | None] = []
    never_there: list[float | None] = []
    with lab_of("sym", "sym") as lab:
        for _ in range(options.times(5)):
            with engines(lab["alice"], lab["bob"], start=BOTH, note="closing") as pair:
                introduce(*pair)
                await_path(*pair)
                time.sleep(1)  # a session at rest, not one just up
                lab.cut("server")
                cut_off.append(leaving(pair[0]))
            lab.restore("server")
            with engines(lab["alice"], start=swallowed, note="closing") as (engine,):
                time.sleep(0.7)  # amid its requests to the silent server
                never_there.append(leaving(engine))
    for name, took in (("cut off later", cut_off), ("never answered", never_there)):
        yield Row(
            f"close, TURN server {name}", seconds(took), "≤ 1 s", within(took, 1.0, worst=True)
        )


def leaving(engine: Engine) -> float:
    """Seconds from the wish to the end of the process."""
    began = time.monotonic()
    engine.send(events.Leave())
    engine.process.wait()
    return time.monotonic() - began
