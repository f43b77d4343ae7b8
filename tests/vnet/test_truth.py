"""Who can connect to whom, reckoned on the network itself."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from icetui.vnet import changes
from icetui.vnet.homes import home, two_homes
from icetui.vnet.network import Network
from icetui.vnet.network_parts import (
    Attachment,
    Dependence,
    Host,
    Interface,
    Line,
    Link,
    Nat,
    Router,
    Rule,
)
from icetui.vnet.truth import Path, truth

KINDS = ("open", "cone", "arc", "prc", "sym", "udpblock")
HARD = {frozenset(pair) for pair in (("prc", "sym"), ("sym",))}
"""Kinds of NATs that do not meet without a relay."""


def with_nats(alice: Nat, bob: Nat) -> Network:
    network = two_homes(turn=False)
    routers = {
        name: msgspec.structs.replace(network.routers[name], nat=nat)
        for name, nat in (("alice-nat", alice), ("bob-nat", bob))
    }
    return msgspec.structs.replace(network, routers=routers)


@pytest.mark.parametrize(("alice", "bob"), [*itertools.product(KINDS, KINDS)])
def test_the_36_cells_of_nat_kinds(alice: str, bob: str) -> None:
    direct = "udpblock" not in (alice, bob) and frozenset((alice, bob)) not in HARD
    found = truth(two_homes(alice, bob), "alice", "bob")
    assert (found.direct is not None) is direct
    assert found.connects
    alone = truth(two_homes(alice, bob, turn=False), "alice", "bob")
    assert (alone.direct is not None, alone.relayed) == (direct, None)


INDEPENDENT, BY_ADDRESS, BY_PORT = Dependence.__args__


def nat(mapping: Dependence, filtering: Dependence) -> Nat:
    return Nat(mapping=mapping, filtering=filtering, ports="random")


@pytest.mark.parametrize(
    ("alice", "bob", "meets"),
    [
        (nat(BY_ADDRESS, INDEPENDENT), nat(BY_ADDRESS, BY_ADDRESS), True),
        (nat(BY_PORT, INDEPENDENT), nat(BY_PORT, INDEPENDENT), True),
        (nat(BY_PORT, BY_PORT), nat(BY_PORT, INDEPENDENT), True),
        (nat(BY_PORT, BY_PORT), nat(INDEPENDENT, INDEPENDENT), True),
        (nat(BY_PORT, BY_PORT), nat(INDEPENDENT, BY_ADDRESS), True),
        (nat(BY_PORT, BY_PORT), nat(INDEPENDENT, BY_PORT), False),
    ],
)
def test_tables_are_not_believed(alice: Nat, bob: Nat, meets: bool) -> None:
    """The first row is one that textbooks have wrong."""
    assert truth(with_nats(alice, bob), "alice", "bob").connects is meets
    assert truth(with_nats(bob, alice), "alice", "bob").connects is meets


@pytest.mark.parametrize("chain", ["prc+prc", "cone+sym", "sym+cone"])
def test_nats_in_a_row_are_as_hard_as_the_harder(chain: str) -> None:
    found = truth(two_homes(chain, "prc"), "alice", "bob")
    assert (found.direct is not None) is ("sym" not in chain)
    assert found.connects


@pytest.mark.parametrize(("isolated", "hairpin", "connects"), [
    (False, "no", True), (True, "no", False), (True, "yes", True),
])  # fmt: skip
def test_two_hosts_of_one_lan_meet_there_or_at_their_nat_s_outside(
    isolated: bool, hairpin: str, connects: bool
) -> None:
    network = two_homes(turn=False)
    nat = Nat(hairpin=hairpin)
    shared = Router(inside=(Attachment("lan"),), outside=(Attachment("internet"),), nat=nat)
    network = msgspec.structs.replace(
        network,
        links={"lan": Link(isolated=isolated)},
        routers={"nat": shared},
        hosts={name: Host(interfaces=(Interface("lan"),)) for name in ("alice", "bob")},
    )
    assert truth(network, "alice", "bob").connects is connects


def test_homes_with_the_same_private_address_are_not_mistaken_for_each_other() -> None:
    """Each host's own address is the other's, too: what answers there is oneself."""
    same = Host(interfaces=(Interface("alice-lan", addresses=("192.168.7.20/24",)),))
    also = Host(interfaces=(Interface("bob-lan", addresses=("192.168.7.20/24",)),))
    lans = {name: Link(prefix="192.168.7.0/24") for name in ("alice-lan", "bob-lan")}
    network = two_homes("sym", "sym", turn=False)
    network = msgspec.structs.replace(network, links=lans, hosts={"alice": same, "bob": also})
    sessions = {n: msgspec.structs.replace(s, port=5000) for n, s in network.sessions.items()}
    network = msgspec.structs.replace(network, sessions=sessions)
    assert not truth(network, "alice", "bob").connects
    network = msgspec.structs.replace(
        network, routers={**home("alice", "prc"), **home("bob", "prc")}
    )
    found = truth(network, "alice", "bob").direct
    assert found == Path(("192.168.7.20", 5000), ("203.0.113.18", 5000), False)


def test_chance_and_delay_do_not_count_and_a_firewall_does() -> None:
    line = Line(delay=2.0, loss=0.9, jitter=1.0)
    network = two_homes(line=line)
    found = truth(network, "alice", "bob")
    assert found.direct is not None
    apart = Rule(source=("203.0.113.2",), destination=("203.0.113.18",), protocol="udp")
    links = {"internet": Link(firewall=(apart,))}
    blocked = truth(msgspec.structs.replace(network, links=links), "alice", "bob")
    assert (blocked.direct, blocked.relayed is not None) == (None, True)
    cookie = Rule(stun=True, protocol="udp")
    links = {"internet": Link(firewall=(cookie,))}
    inspected = truth(msgspec.structs.replace(network, links=links), "alice", "bob")
    assert inspected.relayed is None or inspected.direct is None


def test_a_path_has_to_carry_the_checks_of_both_sides() -> None:
    """Bob's firewall lets out the first datagrams of a flow and no more."""
    network = two_homes("open", "open", turn=False)
    once = Rule(arrives="inside", state="established")
    bob = msgspec.structs.replace(network.routers["bob-nat"], firewall=(once,))
    network = msgspec.structs.replace(network, routers={**network.routers, "bob-nat": bob})
    assert not truth(network, "alice", "bob").connects
    assert not truth(network, "bob", "alice").connects


def test_the_truth_changes_with_the_network() -> None:
    network = two_homes(turn=False)
    happening = (
        changes.Cut(whom="bob-nat", at=10.0),
        changes.Restore(whom="bob-nat", at=20.0),
        changes.Suspend(whom="alice", at=30.0),
    )
    network = msgspec.structs.replace(network, changes=happening)
    connects = [truth(network, "alice", "bob", at).connects for at in (0, 10, 20, 30)]
    assert connects == [True, False, True, False]


def test_a_turn_server_that_refuses_is_no_way() -> None:
    network = two_homes("sym", "sym")
    assert truth(network, "alice", "bob").relayed is not None
    for refusing in ({"users": {}}, {"denied": ("0.0.0.0/0",)}, {"deaf_relays": True}):
        server = network.servers["turn"]
        options = msgspec.structs.replace(server.options, **refusing)
        servers = {"turn": msgspec.structs.replace(server, options=options)}
        bad = msgspec.structs.replace(network, servers=servers)
        assert not truth(bad, "alice", "bob").connects, refusing


def test_relay_only_sessions_have_relayed_paths_only() -> None:
    network = two_homes()
    sessions = dict(network.sessions)
    sessions["alice"] = msgspec.structs.replace(sessions["alice"], relay_only=True)
    found = truth(msgspec.structs.replace(network, sessions=sessions), "alice", "bob")
    assert found.direct is None
    assert found.relayed is not None


def test_ipv6_connects_what_ipv4_cannot() -> None:
    found = truth(two_homes("sym", "sym", turn=False, ipv6=True), "alice", "bob")
    assert found.direct is not None
    assert ":" in found.direct.remote[0]
