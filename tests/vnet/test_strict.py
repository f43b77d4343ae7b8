"""Two icetui that keep to the letter of the RFCs still meet, through every pair of NATs."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from icetui import events
from icetui.session import Session
from icetui.vnet.demo_network import demo_network
from icetui.vnet.peer import Peer
from icetui.vnet.world import World

KINDS = ("open", "cone", "arc", "prc", "sym", "udpblock")
PAIRS = list(itertools.combinations_with_replacement(KINDS, 2))


def met(alice: str, bob: str, *, strict: bool) -> tuple[list[Session], float]:
    """Both sessions after ninety seconds, and when the first path stood, after both knew both."""
    network, sides = demo_network(events.StartNetwork(alice=alice, bob=bob, seed=5))
    world = World(network)
    sessions = [Session() for _ in sides]
    peers = [
        Peer(
            world.hosts[side.host],
            msgspec.structs.replace(side.start, strict=strict),
            session.apply,  # type: ignore[arg-type]  # all are of the union
        )
        for side, session in zip(sides, sessions, strict=True)
    ]
    assert world.clock.run_until_true(lambda: all(p.gathered for p in peers), 60)
    for one, other in (peers, reversed(peers)):
        one.send(events.Paste(text=other.blob))
    world.clock.run_for(90)
    assert not world.failures
    return sessions, max(s.time_to_first_path or 1e9 for s in sessions)


@pytest.mark.parametrize(("alice", "bob"), PAIRS, ids="–".join)
def test_the_same_kind_of_path_comes_up_in_strict_time(alice: str, bob: str) -> None:
    strict, after = met(alice, bob, strict=True)
    free, _ = met(alice, bob, strict=False)
    for one, other in zip(strict, free, strict=True):
        assert one.connected and other.connected
        assert one.selected_pair is not None and other.selected_pair is not None
        assert one.relayed(one.selected_pair) == other.relayed(other.selected_pair)
    assert after < 10.0
