"""Interruptions that say nothing of an allocation, and asking again for one that is lost."""

from __future__ import annotations

import errno

import msgspec
import pytest

from icetui import events
from icetui.engine.turn import UNSENT
from icetui.engine.turn_conversation import PASSING_ERRORS, TurnConversation
from icetui.session import Session
from icetui.vnet.changes import AddRules, Change, Cut, RemoveRules, Restore, Start, Stop
from icetui.vnet.demo_network import demo_network
from icetui.vnet.network_parts import Rule
from icetui.vnet.peer import Peer
from icetui.vnet.turn_server import TurnServer
from icetui.vnet.world import World


def relays_after(seconds: float, *changes: Change) -> tuple[list[events.Candidate], int]:
    """Alice's relayed candidates, and how many allocations her server holds then."""
    network, sides = demo_network(events.StartNetwork(seed=5))
    world = World(msgspec.structs.replace(network, changes=changes))
    session = Session()
    start = msgspec.structs.replace(sides[0].start, turn_servers=sides[0].start.turn_servers[:1])
    Peer(world.hosts["alice"], start, session.apply)  # type: ignore[arg-type]  # of the union
    world.clock.run_for(seconds)
    assert not world.failures
    (server,) = [s for s in world.servers.values() if isinstance(s, TurnServer)]
    relays = [c for c in session.local_candidates.values() if c.type == "relay"]
    return relays, len(server.allocations)


def test_a_firewall_rule_that_comes_and_goes_ends_no_allocation() -> None:
    """The system says so at every request; four seconds later it does not."""
    rule = Rule(name="own", chain="output", action="reject", protocol="udp")
    relays, held = relays_after(
        60.0,
        AddRules(whom="alice", at=20.0, rules=(rule,)),
        RemoveRules(whom="alice", at=50.0, name="own"),
    )
    assert [c.unsupported for c in relays] == [None]
    assert held == 1


def test_a_server_that_was_asked_again_and_again_lends_one_address() -> None:
    """Its program ends, our line is cut, both come back: of all that was asked meanwhile one is
    answered."""
    relays, held = relays_after(
        90.0,
        Stop(whom="turn", at=10.0),
        Cut(whom="alice", at=45.0),
        Start(whom="turn", at=50.0),
        Restore(whom="alice", at=62.0),
    )
    assert [c.unsupported is None for c in relays] == [False, True]
    assert held == 1


@pytest.mark.parametrize("code", [*PASSING_ERRORS, errno.EADDRNOTAVAIL, errno.ENETUNREACH])
def test_only_errors_of_the_address_count_against_it(code: int) -> None:
    conversation = TurnConversation.__new__(TurnConversation)
    conversation.unsent, conversation.on_failure = 0, lambda _: None
    for _ in range(UNSENT):
        conversation.cannot_send(OSError(code, "refused"))
    assert conversation.unsent == (0 if code in PASSING_ERRORS else UNSENT)
