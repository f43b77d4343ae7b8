"""Mutated datagrams for an engine that is connected, as if from its peer, a stranger and a server.

The engine runs on the simulated internet, so an error of its own fails the run, contained or not.
"""

from __future__ import annotations

import random

from tests.engine.test_strangers import STRANGER, Stage
from tests.fuzz.datagrams import mutated

AT_ONCE = 200
"""Datagrams that one session hears; then there is another."""
_stage: list[Stage] = []
_heard: list[bytes] = []
_sent: list[bytes] = []
_said: list[str] = []


def altered(rng: random.Random, data: bytes) -> bytes:
    """Data that is no STUN, another byte in it, or some of it gone."""
    at = rng.randrange(len(data))
    return data[:at] + bytes([rng.randrange(256)]) + data[at + rng.randrange(3) :]


def made(rng: random.Random) -> bytes:
    """What one of them really sent, altered."""
    if not _stage or len(_heard) >= AT_ONCE:
        _stage[:] = [Stage()]
        _sent[:] = _stage[0].overhear(3.0)
        _said[:] = [line.text for line in _stage[0].session.texts]
        _heard.clear()
    chosen = rng.choice(_sent)
    _heard.append(mutated(rng, chosen) if len(chosen) > 40 else altered(rng, chosen))
    return _heard[-1]


def look(data: bytes) -> str:
    """It arrives, from one of three."""
    stage = _stage[0]
    source = (stage.bobs_address, STRANGER, ("203.0.113.200", 3478))[len(data) % 3]
    endpoint = stage.engine.endpoints[0]
    stage.alice.host.loop.run(endpoint.packet_received, data, source, stage.alice.host.loop.time())
    stage.world.clock.run_for(0.1)  # so that a stranger's word is taken in, too
    assert not stage.world.failures, stage.world.failures
    assert stage.session.connected, "one datagram ended a session"
    assert [line.text for line in stage.session.texts] == _said, "a forged text"
    return "survived"
