"""What scenarios do to the lab is done to the simulated network, or refused."""

from __future__ import annotations

import pytest

from icetui.vnet.changes import Announce, Plug, Rename
from icetui.vnet.network_parts import Interface, Rule
from tests.lab.topology import Topology
from tests.vnet.kernel import ip_commands, lab_network, nftables
from tests.vnet.kernel.simulated_lab import SimulatedLab

ALICE = Topology.pair("prc", "prc").interfaces("alice")


@pytest.mark.parametrize(
    ("text", "hook", "wanted"),
    [
        (
            "ip saddr 203.0.113.2 ip daddr 203.0.113.18 meta l4proto udp drop",
            "forward",
            Rule(
                version=4,
                protocol="udp",
                source=("203.0.113.2",),
                destination=("203.0.113.18",),
            ),
        ),
        (
            "meta l4proto udp numgen random mod 100 < 40 drop",
            "forward",
            Rule(version=4, protocol="udp", share=0.4),
        ),
        (
            "ip saddr 203.0.113.18 udp dport 49152-51199 drop",
            "forward",
            Rule(
                version=4,
                protocol="udp",
                source=("203.0.113.18",),
                destination_ports=("49152-51199",),
            ),
        ),
        (
            "meta l4proto udp ct state new drop",
            "input",
            Rule(chain="input", version=4, protocol="udp", state="new"),
        ),
        (
            "ip daddr 198.51.100.18 meta l4proto udp reject with icmp type admin-prohibited",
            "output",
            Rule(
                chain="output",
                action="reject",
                reject_with="admin-prohibited",
                version=4,
                protocol="udp",
                destination=("198.51.100.18",),
            ),
        ),
    ],
)
def test_a_rule_of_nftables_becomes_one_of_the_firewall(text: str, hook: str, wanted: Rule) -> None:
    assert nftables.rule(text, hook) == wanted


@pytest.mark.parametrize(
    ("text", "hook"),
    [
        ("ip ttl 1 drop", "forward"),
        ("meta l4proto sctp drop", "forward"),
        ("meta l4proto udp counter drop", "forward"),
        ("meta l4proto udp drop log", "forward"),
        ("meta l4proto udp reject", "forward"),
        ("meta l4proto tcp udp dport 5 drop", "forward"),
        ("ip saddr 10.0.0.1 ip saddr 10.0.0.2 drop", "forward"),
        ("meta l4proto udp drop", "prerouting"),
        ("", "forward"),
    ],
)
def test_a_rule_that_is_not_understood_to_the_last_word_is_refused(text: str, hook: str) -> None:
    with pytest.raises(NotImplementedError):
        nftables.rule(text, hook)


def test_a_tunnel_whose_far_end_is_gone_is_an_interface_that_leads_nowhere() -> None:
    lines = [
        "link add wg0 type bridge",
        "addr add 10.8.0.2/24 dev wg0",
        "link set wg0 up",
        "route add default dev wg0 table 200",
        "rule add from 10.8.0.2 lookup 200",
    ]
    tunnel = Interface(None, "wg0", ("10.8.0.2/24",), default=True)
    assert ip_commands.of_host("alice", ALICE, lines) == [Plug(whom="alice", interface=tunnel)]
    with pytest.raises(NotImplementedError):
        ip_commands.of_host("alice", ALICE, lines[:-1])


def test_an_interface_that_gets_its_routes_back_is_renamed() -> None:
    lines = [
        "link set eth0 down",
        "link set eth0 name wg0",
        "link set wg0 up",
        "route add default via 192.168.1.1 dev wg0 table 100",
        "route add 192.168.1.0/24 dev wg0 table 100",
        "route add default via 192.168.1.1 dev wg0",
    ]
    wanted = [Rename(whom="alice.eth0", name="wg0")]
    assert ip_commands.of_host("alice", ALICE, lines) == wanted
    with pytest.raises(NotImplementedError):
        ip_commands.of_host("alice", ALICE, lines[:-1])


def test_the_internet_answers_for_a_route_that_leads_nowhere() -> None:
    lines = ["route add unreachable 203.0.113.18/32"]
    assert ip_commands.of_internet(lines) == [Announce(unreachable=("203.0.113.18/32",))]


@pytest.mark.parametrize("line", ["route add blackhole 10.0.0.0/8", "link set up3 down"])
def test_other_commands_are_refused(line: str) -> None:
    with pytest.raises(NotImplementedError):
        ip_commands.of_internet([line])
    with pytest.raises(NotImplementedError):
        ip_commands.of_host("alice", ALICE, [line])


def test_coturn_takes_the_options_that_scenarios_give_it_and_no_others() -> None:
    assert lab_network.coturn("--user-quota=1", ipv6=False).quota == 1
    assert lab_network.coturn(ipv6=True).addresses == ("192.0.2.10", "2001:db8:5::10")
    with pytest.raises(NotImplementedError):
        lab_network.coturn("--max-bps=64000", ipv6=False)


@pytest.mark.parametrize("level", [0, 1])
def test_every_router_and_host_has_the_labs_addresses(level: int) -> None:
    topology = Topology.pair("prc+sym", "open", ipv6=True)
    world = SimulatedLab(topology).world
    plan = topology.plan("alice")
    router = world.routers[lab_network.router_name("alice", level)]
    outside = next(port for port in router.ports if port.side == "outside")
    assert outside.addresses == [plan.wan(level)[0], plan.wan_v6(level)[0]]
    assert outside.gateways == {4: plan.wan(level)[2], 6: plan.wan_v6(level)[1]}
    (host,) = world.hosts["bob"].ports
    (interface,) = topology.interfaces("bob")
    assert host.addresses == [interface.address, interface.address_v6]
    assert host.gateways == {4: interface.router, 6: interface.router_v6}
