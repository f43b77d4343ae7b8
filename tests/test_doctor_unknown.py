"""What `icetui doctor` does not know it does not deny: on the simulated internet, with servers that
are of no use each in its own way."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from icetui import events
from icetui.doctor.examination import complete
from icetui.doctor.facts import NOTHING_WORKS, Facts, facts
from icetui.session import Session
from icetui.vnet.demo_network import demo_network
from icetui.vnet.peer import Peer
from icetui.vnet.world import World


def examined(alice: str = "prc", *, turn: bool = False, **stun: Any) -> Facts:
    """With a STUN server of these options."""
    network, sides = demo_network(events.StartNetwork(alice=alice, turn=turn, seed=5))
    server = network.servers["stun"]
    options = msgspec.structs.replace(server.options, **stun)
    servers = network.servers | {"stun": msgspec.structs.replace(server, options=options)}
    world = World(msgspec.structs.replace(network, servers=servers))
    session = Session()
    start = msgspec.structs.replace(sides[0].start, try_relays=True)
    Peer(world.hosts["alice"], start, session.apply)  # type: ignore[arg-type]  # of the union
    assert world.clock.run_until_true(lambda: complete(session), 20)
    return facts(session)


@pytest.mark.parametrize(
    ("alice", "stun"),
    [("prc", {"error": 500}), ("prc", {"error": 400}), ("open", {"answers_from_port": 3999})],
)
def test_a_server_that_answers_something_else_shows_that_udp_works(
    alice: str, stun: dict[str, Any]
) -> None:
    found = examined(alice, **stun)
    assert found.udp is True
    assert "no" not in {peer.path for peer in found.peers if peer.kind != "udpblock"}
    assert found.exit_code == 0


def test_where_nothing_answers_in_any_way_nothing_is_denied() -> None:
    found = examined(silent=True)
    assert found.udp is None
    assert {p.path for p in found.peers if p.kind != "udpblock"} == {"direct-or-no"}
    assert found.exit_code == NOTHING_WORKS and "nothing is known" in found.sentence


def test_where_tcp_answers_and_udp_does_not_it_is_blocked() -> None:
    found = examined("udpblock", turn=True)
    assert found.udp is False
    assert {p.path for p in found.peers} == {"relay"}
