"""Two networks that look like one another: the same private addresses, bridges, or outer NAT."""

from __future__ import annotations

from tests.lab.scenarios.scenario import scenario
from tests.lab.scenarios.stage import NONE, TWO_STUN, Stage
from tests.lab.topology import Site, Topology

SAME_NUMBERS = Topology.pair(Site(lan="192.168.7"), Site(lan="192.168.7"))
BRIDGES = Topology.pair("prc", "prc", idle=("alice", "bob"))
ONE_PORT = ("--port", "5000")


@scenario(
    "same private address in two homes", "both hosts are 192.168.7.20, and no STUN server is asked",
    topology=SAME_NUMBERS, alice=("same-address",), bob=("same-address",),
)  # fmt: skip
def same_address(stage: Stage) -> None:
    stage.start_both(servers=NONE)
    stage.exchange()


@scenario(
    "same private address and port in two homes", "each host is checked by nobody but itself",
    topology=SAME_NUMBERS, alice=("same-address",), bob=("same-address",),
)  # fmt: skip
def same_port(stage: Stage) -> None:
    stage.start_both(*ONE_PORT, servers=NONE)
    stage.exchange()


@scenario(
    "same private address and port with STUN", "nothing is broken: the public addresses differ",
    topology=SAME_NUMBERS, alice=("direct-path",), bob=("direct-path",),
)  # fmt: skip
def same_port_stun(stage: Stage) -> None:
    stage.start_both(*ONE_PORT, servers=TWO_STUN)
    stage.exchange()


@scenario(
    "docker on both sides and no STUN", "neither blob holds a public address",
    topology=BRIDGES, alice=("private-addresses",), bob=("private-addresses",),
)  # fmt: skip
def bridges(stage: Stage) -> None:
    stage.start_both(servers=NONE)
    stage.exchange()


@scenario(
    "docker and one port on both sides with a firewall", "UDP between the two is dropped",
    topology=BRIDGES, alice=("nothing-answers",), bob=("nothing-answers",),
    says="a firewall drops UDP", watch=4.5,
)  # fmt: skip
def bridges_firewall(stage: Stage) -> None:
    stage.drop("alice", "bob")
    stage.drop("bob", "alice")
    stage.start_both(*ONE_PORT, servers=TWO_STUN)
    stage.exchange()


@scenario(
    "two homes behind one provider NAT", "the provider's NAT turns nothing back inside",
    topology=Topology.shared(Site(isolated=True)), alice=("no-hairpin",), bob=("no-hairpin",),
    says="two homes behind one provider's NAT",
)  # fmt: skip
def one_provider(stage: Stage) -> None:
    for name, network in (("alice", 77), ("bob", 78)):
        stage.home(name, network)
    for name in ("alice", "bob"):
        stage.start(name, "--interface", "home0", servers=TWO_STUN)
    stage.gathered("alice", "bob")
    stage.exchange()
