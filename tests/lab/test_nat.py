"""Each NAT kind is what its name says, measured from outside and inside."""

from __future__ import annotations

import itertools

import pytest

from tests.lab import behaviour
from tests.lab.behaviour import ADDRESS, ADDRESS_AND_PORT, BLOCKED, INDEPENDENT
from tests.lab.lab import SERVER, BuildLab
from tests.lab.topology import (
    BLACKHOLE_V4,
    SERVER_V4,
    SERVER_V6,
    STUN_PORT,
    UNREACHABLE_V4,
    Site,
    Topology,
)

EXPECTED = {
    "open": (INDEPENDENT, INDEPENDENT),
    "cone": (INDEPENDENT, INDEPENDENT),
    "arc": (INDEPENDENT, ADDRESS),
    "prc": (INDEPENDENT, ADDRESS_AND_PORT),
    "sym": (ADDRESS_AND_PORT, ADDRESS_AND_PORT),
    "udpblock": (BLOCKED, BLOCKED),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_a_kind_maps_and_filters_as_its_name_says(build_lab: BuildLab, kind: str) -> None:
    lab = build_lab(kind, "open", server=False)
    found = behaviour.measure(lab, lab["alice"])
    assert (found.mapping, found.filtering) == EXPECTED[kind]
    if kind == "open":
        assert found.mapped == found.local
    elif kind != "udpblock":
        assert found.mapped is not None
        assert found.mapped[0] == lab.topology.plan("alice").public


def test_a_symmetric_nat_gives_every_destination_another_random_port(build_lab: BuildLab) -> None:
    lab = build_lab("sym", "open", server=False)
    with behaviour.servers(lab) as there, behaviour.udp_socket(lab["alice"]) as here:
        ports = []
        for address, server in there.items():
            here.sendto(b"", address)
            ports.append(server.recvfrom(1)[1][1])
    assert len(set(ports)) == len(ports)
    assert here.fileno() == -1
    steps = {after - before for before, after in itertools.pairwise(ports)}
    assert len(steps) > 1, f"the ports can be guessed: {ports}"


def test_an_unsolicited_packet_does_not_disturb_the_mapping(build_lab: BuildLab) -> None:
    """Else two port-restricted cones that punch at the same moment look symmetric."""
    lab = build_lab("prc", "open", server=False)
    with (
        behaviour.udp_socket(lab["bob"], lab["bob"].address, 6000) as bob,
        behaviour.udp_socket(lab["alice"], lab["alice"].address, 5000) as alice,
    ):
        bob.sendto(b"too early", (lab.topology.plan("alice").public, 5000))
        alice.sendto(b"now", bob.getsockname())
        assert bob.recvfrom(64) == (b"now", (lab.topology.plan("alice").public, 5000))
        bob.sendto(b"punched", (lab.topology.plan("alice").public, 5000))
        assert alice.recv(64) == b"punched"


@pytest.mark.parametrize("kind", ["cone", "arc", "prc", "sym"])
def test_a_rebound_nat_forgets_all_mappings_and_gives_new_ports(
    build_lab: BuildLab, kind: str
) -> None:
    lab = build_lab(kind, "open", server=False)
    with behaviour.servers(lab) as there, behaviour.udp_socket(lab["alice"]) as here:
        (address, server), *_ = there.items()
        seen = []
        for _ in range(3):
            here.sendto(b"", address)
            seen.append(server.recvfrom(1)[1])
            lab.rebind("alice")
            for old in seen:
                server.sendto(b"stale", old)
        assert len(set(seen)) == 3
        here.sendto(b"", address)
        server.sendto(b"fresh", server.recvfrom(1)[1])
        assert here.recv(64) == b"fresh"
    found = behaviour.measure(lab, lab["alice"])
    assert (found.mapping, found.filtering) == EXPECTED[kind]


def test_a_binding_lapses_after_its_lifetime(build_lab: BuildLab) -> None:
    lab = build_lab(Site(("prc",), binding_lifetime=1), "open", server=False)
    with behaviour.servers(lab) as there, behaviour.udp_socket(lab["alice"]) as here:
        (address, server), *_ = there.items()
        here.sendto(b"", address)
        mapped = server.recvfrom(1)[1]
        server.sendto(b"in time", mapped)
        assert here.recv(64) == b"in time"
        here.settimeout(1.5)
        with pytest.raises(TimeoutError):
            here.recv(64)
        here.settimeout(0.2)
        server.sendto(b"late", mapped)
        with pytest.raises(TimeoutError):
            here.recv(64)


def test_two_nats_in_a_row_behave_as_the_stricter_one(build_lab: BuildLab) -> None:
    lab = build_lab("prc+sym", "cone+arc", server=False)
    found = behaviour.measure(lab, lab["alice"])
    assert (found.mapping, found.filtering) == EXPECTED["sym"]
    assert found.mapped is not None and found.mapped[0] == lab.topology.plan("alice").public
    found = behaviour.measure(lab, lab["bob"])
    assert (found.mapping, found.filtering) == EXPECTED["arc"]


@pytest.mark.parametrize("hairpin", [True, False])
@pytest.mark.parametrize("kind", ["cone", "prc"])
def test_a_hairpin_joins_two_hosts_at_the_outer_address(
    build_lab: BuildLab, kind: str, hairpin: bool
) -> None:
    site = Site((kind,), hairpin=hairpin, isolated=True)
    lab = build_lab(topology=Topology.shared(site), server=False)
    with (
        behaviour.servers(lab) as there,
        behaviour.udp_socket(lab["alice"]) as alice,
        behaviour.udp_socket(lab["bob"]) as bob,
    ):
        (address, server), *_ = there.items()
        mapped = {}
        for one in (alice, bob):
            one.sendto(b"", address)
            mapped[one] = server.recvfrom(1)[1]
        alice.sendto(b"around the bend", mapped[bob])
        if hairpin:
            # RFC 4787 REQ-9: it comes from the outer address.
            assert bob.recvfrom(64) == (b"around the bend", mapped[alice])
            bob.sendto(b"back", mapped[alice])
            assert alice.recvfrom(64) == (b"back", mapped[bob])
        else:
            bob.settimeout(0.2)
            with pytest.raises(TimeoutError):
                bob.recv(64)


@pytest.mark.parametrize("isolated", [True, False])
def test_hosts_of_one_lan_meet_unless_isolated(build_lab: BuildLab, isolated: bool) -> None:
    lab = build_lab(topology=Topology.shared(Site(("prc",), isolated=isolated)), server=False)
    pinged = lab["alice"].run("ping", "-c1", "-W0.2", lab["bob"].address)
    assert (pinged.returncode == 0) is not isolated


def test_a_host_with_two_uplinks_and_an_idle_interface(build_lab: BuildLab) -> None:
    topology = Topology(
        sites={"wifi": Site(("prc",)), "lte": Site(("prc", "sym")), "bob": Site(("open",))},
        hosts={"alice": ("wifi", "lte"), "bob": ("bob",)},
        idle=("alice",),
    )
    lab = build_lab(topology=topology, server=False)
    with behaviour.servers(lab) as there:
        (address, server), *_ = there.items()
        for interface in lab["alice"].interfaces:
            with behaviour.udp_socket(lab["alice"], interface.address) as here:
                here.sendto(b"", address)
                assert server.recvfrom(1)[1][0] == topology.plan(interface.site).public
    assert "172.17.0.1" in lab["alice"].run("ip", "addr", "show", "docker0").stdout


def test_ipv6_is_behind_a_stateful_firewall(build_lab: BuildLab) -> None:
    lab = build_lab(topology=Topology.pair("prc", "open", ipv6=True), server=False)
    alice, bob = (lab[name].interfaces[0].address_v6 for name in ("alice", "bob"))
    assert lab["alice"].run("ping", "-c1", "-W1", SERVER_V6[1]).returncode == 0
    assert lab["alice"].run("ping", "-c1", "-W1", bob).returncode == 0
    assert lab[SERVER].run("ping", "-c1", "-W1", bob).returncode == 0
    assert lab["bob"].run("ping", "-c1", "-W0.2", alice).returncode != 0


def test_one_address_is_silent_and_another_is_unreachable(build_lab: BuildLab) -> None:
    lab = build_lab("open", "prc", server=False)
    silent = lab["alice"].run("ping", "-c1", "-W0.2", BLACKHOLE_V4).stdout
    assert "100% packet loss" in silent and "nreachable" not in silent
    refused = lab["bob"].run("ping", "-c1", "-W1", UNREACHABLE_V4).stdout
    assert "Destination Host Unreachable" in refused


def test_only_tcp_to_the_server_gets_out_of_udpblock(build_lab: BuildLab) -> None:
    lab = build_lab("udpblock", "open")
    probe = "import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 0.3)"
    reached = {
        target: lab["alice"].run("python3", "-c", probe, target[0], str(target[1])).returncode == 0
        for target in [(SERVER_V4[0], STUN_PORT), (SERVER_V4[0], 22), (lab["bob"].address, 22)]
    }
    assert list(reached.values()) == [True, False, False]
    assert lab["alice"].run("ping", "-c1", "-W0.2", SERVER_V4[0]).returncode != 0
