"""Hours of a session, and of a peer that lies, on the simulated internet: does memory stay flat?

`python -m tests.attack.soak [--hours 1]` runs two engines that are connected and left alone, then
two of which one hears, twenty times a second, well signed checks that claim its role, nominate
other pairs and come from ever new ports, beside checks that are wrongly keyed. Every ten minutes of
the network's time it prints what the process holds, the session's stores and how many changes
there were.
"""

from __future__ import annotations

import argparse
import gc
import random
import time

from icetui import events
from icetui.engine import stun
from tests.attack.pipes import memory
from tests.engine.test_strangers import STRANGER, Stage, wrongly_keyed

EVERY = 0.05
STEP = 600.0


def lie(stage: Stage, rng: random.Random, number: int) -> tuple[bytes, tuple[str, int]]:
    """One datagram of the peer that lies, and where it comes from."""
    engine, session = stage.engine, stage.session
    username = f"{engine.ufrag}:{session.remote_ufrag}"
    source = rng.choice(
        [stage.bobs_address, (stage.bobs_address[0], 1024 + number % 60_000), STRANGER]
    )
    if not rng.randrange(4):
        return wrongly_keyed(number, engine.ufrag, session.remote_ufrag or ""), source
    role = rng.choice((stun.Attribute.ICE_CONTROLLING, stun.Attribute.ICE_CONTROLLED))
    builder = (
        stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, number.to_bytes(12, "big"))
        .text(stun.Attribute.USERNAME, username)
        .number(stun.Attribute.PRIORITY, rng.randrange(2**31))
        .number(role, rng.choice((0, 2**64 - 1)))
    )
    if rng.randrange(2):
        builder.add(stun.Attribute.USE_CANDIDATE)
    return builder.sign(engine._pwd.encode()).fingerprint().finish().raw, source


def soak(hours: float, *, lying: bool) -> None:
    stage, rng = Stage(), random.Random(1)
    stage.overhear(1.0)
    endpoint = stage.engine.endpoints[0]
    hear = stage.alice.host.loop
    counts = {events.RoleChanged: 0, events.SelectedPairChanged: 0}
    passed, number, began = 0.0, 0, time.monotonic()
    while passed < hours * 3600:
        until = passed + STEP
        while passed < until:
            if lying:
                number += 1
                data, source = lie(stage, rng, number)
                hear.run(endpoint.packet_received, data, source, hear.time())
                stage.world.clock.run_for(EVERY)
                passed += EVERY
            else:
                stage.world.clock.run_for(10.0)
                passed += 10.0
            for event in stage.seen:
                if type(event) in counts:
                    counts[type(event)] += 1
            del stage.seen[:]
        gc.collect()
        session = stage.session
        print(
            f"{'lying' if lying else 'alone':6} {passed / 60:5.0f} min  "
            f"{memory_of_this():6.1f} MB  pairs {len(session.pairs)}  "
            f"their candidates {len(session.remote_candidates)}  "
            f"log {session.log.size / 1e6:.1f} MB  role changes {counts[events.RoleChanged]}  "
            f"path changes {counts[events.SelectedPairChanged]}  {session.state}  "
            f"{time.monotonic() - began:.0f} s",
            flush=True,
        )


def memory_of_this() -> float:
    import os

    return memory(os.getpid())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0)
    hours = parser.parse_args().hours
    soak(hours, lying=False)
    soak(hours, lying=True)


if __name__ == "__main__":
    main()
