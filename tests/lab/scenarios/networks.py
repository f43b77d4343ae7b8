"""The network is broken from the start: NATs, firewalls, interfaces, loss, delay."""

from __future__ import annotations

from tests.lab.icetui_peer import SERVERS
from tests.lab.scenarios.scenario import scenario
from tests.lab.scenarios.stage import NONE, TWO_STUN, WITH_TURN, Stage
from tests.lab.topology import TURN_UDP_URL, Site, Topology
from tests.lab.weather import Weather

SILENCE = ("nothing-answers",)
RELAY_PORTS = "49152-51199"


@scenario(
    "firewall one way, from Alice", "UDP from Alice to Bob is dropped",
    alice=("not-heard",), bob=SILENCE, watch=6.0,
)  # fmt: skip
def one_way_out(stage: Stage) -> None:
    stage.drop("alice", "bob")
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


@scenario(
    "firewall one way, to Alice", "UDP from Bob to Alice is dropped",
    alice=SILENCE, bob=("not-heard",), watch=6.0,
)  # fmt: skip
def one_way_in(stage: Stage) -> None:
    stage.drop("bob", "alice")
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


@scenario(
    "firewall both ways", "UDP between the two is dropped",
    alice=SILENCE, bob=SILENCE, says="a firewall drops UDP",
)  # fmt: skip
def both_ways(stage: Stage) -> None:
    stage.drop("alice", "bob")
    stage.drop("bob", "alice")
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


@scenario(
    "firewall both ways, with a relay", "UDP between the two is dropped, TURN is there",
    alice=("relayed-path", "direct-blocked"), bob=("relayed-path", "direct-blocked"), watch=5.0,
)  # fmt: skip
def both_ways_relay(stage: Stage) -> None:
    stage.drop("alice", "bob")
    stage.drop("bob", "alice")
    stage.start_both(servers=WITH_TURN)
    stage.exchange()


@scenario(
    "firewall on the machine itself", "Alice's own firewall refuses to send to Bob",
    bob_nat="open", alice=("sending-refused",), bob=("nothing-answers", "private-addresses"),
)  # fmt: skip
def own_firewall(stage: Stage) -> None:
    target = stage.lab["bob"].address
    stage.rules("alice", f"ip daddr {target} meta l4proto udp drop", hook="output")
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


@scenario(
    "firewall that says so", "a router answers ICMP administratively prohibited",
    bob_nat="open", alice=("barred",), bob=("nothing-answers", "not-heard"),
)  # fmt: skip
def barred(stage: Stage) -> None:
    here, there = stage.lab.topology.plan("alice").public, stage.lab["bob"].address
    stage.rules(
        "net",
        f"ip saddr {here} ip daddr {there} meta l4proto udp reject with icmp type admin-prohibited",
    )
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


@scenario(
    "UDP blocked, no relay over TCP", "Alice's network lets no UDP out",
    alice_nat="udpblock", alice=("udp-blocked",), bob=("private-addresses", *SILENCE),
    also=("server-silent",),
)  # fmt: skip
def udp_blocked(stage: Stage) -> None:
    stage.start_both(servers=(*TWO_STUN, "--turn", TURN_UDP_URL))
    stage.exchange()


@scenario(
    "UDP blocked, relay over TCP", "Alice's network lets no UDP out, TURN over TCP carries her",
    alice_nat="udpblock", alice=("udp-blocked", "relayed-path"), bob=("relayed-path",),
    says="", watch=4.0,
)  # fmt: skip
def udp_blocked_tcp(stage: Stage) -> None:
    stage.start_both(servers=SERVERS)
    stage.exchange()


@scenario(
    "symmetric and symmetric, no relay", "two NATs that change ports for every destination",
    alice_nat="sym", bob_nat="sym", alice=("no-direct-way",), bob=("no-direct-way",),
)  # fmt: skip
def sym_sym(stage: Stage) -> None:
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


@scenario(
    "symmetric and port-restricted, no relay", "Alice's port is unknown, Bob lets in known ones",
    alice_nat="sym", alice=("no-direct-way", *SILENCE), bob=("no-direct-way", *SILENCE),
    says="NAT",
)  # fmt: skip
def sym_prc(stage: Stage) -> None:
    stage.start_both(servers=TWO_STUN)
    stage.wait(2.0)  # until each knows its NAT and says so in its blob
    stage.exchange()


@scenario(
    "no STUN across NATs", "neither blob holds a public address",
    alice=("private-addresses",), bob=("private-addresses",), says="no STUN server was asked",
)  # fmt: skip
def no_stun(stage: Stage) -> None:
    stage.start_both(servers=NONE)
    stage.exchange()


@scenario(
    "no STUN on one side", "Alice's blob holds no public address, and Bob's NAT lets nobody in",
    alice=("private-addresses",), bob=("private-addresses",),
)  # fmt: skip
def no_stun_here(stage: Stage) -> None:
    stage.start("alice", servers=NONE)
    stage.start("bob", servers=TWO_STUN)
    stage.gathered("alice", "bob")
    stage.exchange()


@scenario(
    "same NAT without hairpin", "hosts kept apart behind one NAT that turns nothing back",
    topology=Topology.shared(Site(("prc",), isolated=True)),
    alice=("no-hairpin",), bob=("no-hairpin",),
)  # fmt: skip
def no_hairpin(stage: Stage) -> None:
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


@scenario(
    "same NAT without hairpin, with a relay", "the relay has to carry what the NAT turns away",
    topology=Topology.shared(Site(("prc",), isolated=True)),
    alice=("relayed-path",), bob=("relayed-path",), says="one NAT", watch=4.0,
)  # fmt: skip
def no_hairpin_relay(stage: Stage) -> None:
    stage.start_both(servers=WITH_TURN)
    stage.exchange()


@scenario(
    "docker interface only", "Alice offers a container bridge's address alone",
    topology=Topology.pair("prc", "prc", idle=("alice",)),
    alice=("virtual-interface",), also=("server-silent", "udp-blocked", "private-addresses"),
    bob=("private-addresses", *SILENCE),
)  # fmt: skip
def docker_only(stage: Stage) -> None:
    stage.start("alice", "--interface", "docker0", servers=TWO_STUN)
    stage.start("bob", servers=TWO_STUN)
    stage.gathered("alice", "bob")
    stage.exchange()


@scenario(
    "docker interface beside a good one", "a container bridge adds pairs that lead nowhere",
    topology=Topology.pair("prc", "prc", idle=("alice",)),
    alice=("virtual-interface",), watch=4.5,
)  # fmt: skip
def docker_too(stage: Stage) -> None:
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


@scenario(
    "VPN that leads nowhere", "Alice uses a VPN interface alone, and its far end is gone",
    alice=("virtual-interface",), also=("server-silent", "udp-blocked", "private-addresses"),
    bob=("private-addresses", *SILENCE),
)  # fmt: skip
def dead_vpn(stage: Stage) -> None:
    stage.ip(
        "alice",
        "link add wg0 type bridge",
        "addr add 10.8.0.2/24 dev wg0",
        "link set wg0 up",
        "route add default dev wg0 table 200",
        "rule add from 10.8.0.2 lookup 200",
    )
    stage.start("alice", "--interface", "wg0", servers=TWO_STUN)
    stage.start("bob", servers=TWO_STUN)
    stage.gathered("alice", "bob")
    stage.exchange()


@scenario(
    "path over a VPN", "Alice's only way out is a VPN interface",
    bob_nat="open", alice=("vpn-path",),
)  # fmt: skip
def over_vpn(stage: Stage) -> None:
    here = stage.lab["alice"].interfaces[0]
    stage.ip(
        "alice",
        "link set eth0 down",
        "link set eth0 name wg0",
        "link set wg0 up",
        f"route add default via {here.router} dev wg0 table 100",
        f"route add {here.network} dev wg0 table 100",
        f"route add default via {here.router} dev wg0",
    )
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


@scenario(
    "two interfaces, one dead", "nothing gets out through Alice's second uplink",
    topology=Topology(
        sites={"alice": Site(("prc",)), "lte": Site(("prc",)), "bob": Site(("prc",))},
        hosts={"alice": ("alice", "lte"), "bob": ("bob",)},
    ),
    alice=("dead-interface",), watch=4.5,
)  # fmt: skip
def one_dead(stage: Stage) -> None:
    stage.lab.cut("lte")
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


@scenario(
    "30 % loss", "three of ten datagrams are lost on Bob's line",
    alice=("lossy-path",), bob=("lossy-path",), says="loses datagrams", watch=9.0,
    also=("silent-path", "server-silent", "blob-outdated"),
)  # fmt: skip
def loss(stage: Stage) -> None:
    stage.lab.set_weather("bob", Weather(loss=0.3))
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


@scenario(
    "loss in one direction", "four of ten datagrams from Alice to Bob are lost",
    alice=("lossy-path",), bob=("lossy-path",),
    watch=40.0, slow=True, says="loses datagrams", also=("silent-path",),
)  # fmt: skip
def loss_one_way(stage: Stage) -> None:
    stage.drop("alice", "bob", share=40)
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


@scenario(
    "slow line", "a round trip takes one and a half seconds",
    alice=("slow-path",), bob=("slow-path",), watch=8.0, also=("blob-outdated", "server-silent"),
)  # fmt: skip
def slow_line(stage: Stage) -> None:
    stage.lab.set_weather("bob", Weather(delay=0.75))
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


LATE = ("server-silent", "udp-blocked", "private-addresses", "blob-outdated", *SILENCE)


@scenario(
    "very slow line", "Bob's server answers after four seconds, when Alice has his blob already",
    alice=("private-addresses", "nothing-answers"), says="too late", bob=("blob-outdated",),
    watch=6.0, also=LATE,
)  # fmt: skip
def very_slow_line(stage: Stage) -> None:
    stage.lab.set_weather("bob", Weather(delay=2.0))
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


@scenario(
    "very slow line, patience", "a round trip takes four seconds, longer than servers are given",
    alice=("slow-path",), bob=("slow-path",), watch=22.0, slow=True, also=LATE,
)  # fmt: skip
def very_slow_patience(stage: Stage) -> None:
    stage.lab.set_weather("bob", Weather(delay=2.0))
    stage.start_both(servers=TWO_STUN)
    stage.until("bob", lambda s: len(s.local_candidates) > 1, 10.0)
    stage.exchange()


@scenario(
    "jitter and reordering", "nothing is broken: packets overtake each other",
    alice=("direct-path",), bob=("direct-path",), watch=5.0,
)  # fmt: skip
def reordering(stage: Stage) -> None:
    stage.lab.set_weather("bob", Weather(delay=0.06, jitter=0.05, reorder=0.3, reorder_by=0.05))
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


@scenario(
    "two NATs in a row on both sides", "nothing is broken: carrier-grade NATs are crossed",
    alice_nat="prc+prc", bob_nat="prc+arc", alice=("direct-path", "carrier-grade-nat"),
    bob=("direct-path", "carrier-grade-nat"),
)  # fmt: skip
def carrier_grade(stage: Stage) -> None:
    stage.start_both(servers=WITH_TURN)
    stage.exchange()


@scenario(
    "hairpin at work", "nothing is broken: isolated hosts meet at their NAT's outside",
    topology=Topology.shared(Site(("cone",), isolated=True, hairpin=True)),
    alice=("direct-path",), bob=("direct-path",), watch=5.0,
)  # fmt: skip
def hairpin(stage: Stage) -> None:
    stage.start_both(servers=WITH_TURN)
    stage.exchange()


@scenario(
    "address reported unreachable", "a router says that no way leads to Bob's NAT",
    alice=("unreachable",),
)  # fmt: skip
def no_way_there(stage: Stage) -> None:
    stage.start_both(servers=TWO_STUN)
    blob = stage.blob_of("bob")
    stage.ip("net", f"route add unreachable {stage.lab.topology.plan('bob').public}/32")
    stage.put("alice", blob)


@scenario(
    "UDP to the relay blocked", "two symmetric NATs, and Bob's network drops UDP to Alice's relay",
    alice_nat="sym", bob_nat="sym", alice=SILENCE, bob=SILENCE, says="the only way",
)  # fmt: skip
def relay_blocked(stage: Stage) -> None:
    bob = stage.lab.topology.plan("bob").public
    stage.rules("net", f"ip saddr {bob} udp dport {RELAY_PORTS} drop")
    stage.start("alice", servers=(*TWO_STUN, "--turn", TURN_UDP_URL))
    stage.start("bob", servers=TWO_STUN)
    stage.gathered("alice", "bob")
    stage.wait(2.0)  # until each knows its NAT and says so in its blob
    stage.exchange()


@scenario(
    "public host with a firewall", "nothing is broken: Bob's firewall lets in whom he has written",
    bob_nat="open", alice=("direct-path",), bob=("direct-path",),
)  # fmt: skip
def public_firewall(stage: Stage) -> None:
    stage.rules("bob", "meta l4proto udp ct state new drop", hook="input")
    stage.start_both(servers=TWO_STUN)
    stage.exchange()


@scenario(
    "public host with a firewall, symmetric NAT", "Alice's port is unknown to Bob's firewall",
    alice_nat="sym", bob_nat="open", alice=("no-direct-way",), bob=("no-direct-way",),
)  # fmt: skip
def public_firewall_sym(stage: Stage) -> None:
    stage.rules("bob", "meta l4proto udp ct state new drop", hook="input")
    stage.start_both(servers=TWO_STUN)
    stage.wait(2.0)
    stage.exchange()
