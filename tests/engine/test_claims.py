"""Servers that say we are where nobody can be: a reason, and no candidate."""

from __future__ import annotations

import pytest

from icetui import events
from icetui.engine.claims import MOST_PEER_REFLEXIVE, impossible
from icetui.events import Reason, StunServer, TurnServer
from icetui.session import Session
from icetui.vnet.network import Server
from icetui.vnet.peer import Peer
from icetui.vnet.servers import StunOptions, TurnOptions
from icetui.vnet.world import World
from tests.vnet.playing import homes

NOBODY = ["0.0.0.0", "224.0.0.1", "255.255.255.255"]


@pytest.mark.parametrize("claimed", NOBODY)
def test_a_stun_server_that_says_what_cannot_be_gives_no_candidate(claimed: str) -> None:
    session = gathered(StunOptions(mapped_address=claimed))
    assert [c.type for c in session.local_candidates.values()] == ["host"]
    [server] = session.servers.values()
    assert (server.state, server.reason) == ("failed", Reason.INVALID_ANSWER)
    assert claimed in (server.detail or "")


@pytest.mark.parametrize("claimed", NOBODY)
def test_a_relayed_address_that_cannot_be_is_no_allocation(claimed: str) -> None:
    session = gathered(TurnOptions(users={"alice": "secret"}, external=(claimed,)))
    assert "relay" not in [c.type for c in session.local_candidates.values()]
    [server] = session.servers.values()
    assert (server.state, server.reason) == ("failed", Reason.INVALID_ANSWER)


def test_port_0_is_nobodys_and_the_other_family_is_not_ours() -> None:
    assert impossible(("2001:db8::1", 4000), "192.168.1.20")
    assert impossible(("203.0.113.2", 4000), "2001:db8::1")
    assert impossible(("203.0.113.2", 0), "192.168.1.20")
    assert impossible(("203.0.113.2", 1), "192.168.1.20") is None
    assert MOST_PEER_REFLEXIVE < 100


def gathered(options: StunOptions | TurnOptions) -> Session:
    """What Alice knows once she has gathered with that server alone."""
    world = World(homes(servers={"server0": Server(options)}))
    [address] = [a for name, a in world.hosts["server0"].interfaces() if name != "lo"]
    start = (
        events.StartSession(stun_servers=(StunServer(host=address, port=3478),))
        if isinstance(options, StunOptions)
        else events.StartSession(
            turn_servers=(TurnServer(host=address, port=3478, username="alice", password="secret"),)
        )
    )
    session = Session()
    peer = Peer(world.hosts["alice"], start, session.apply)  # type: ignore[arg-type]  # events
    assert world.clock.run_until_true(lambda: peer.gathered, 10)
    return session
