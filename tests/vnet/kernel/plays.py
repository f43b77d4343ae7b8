"""The networks that are played twice, in the kernel's lab and simulated.

What belongs here: which they are. All 36 cells of NAT kinds, all broken networks of the lab, and
further ones that no list names: chains of NATs, neighbours, hairpins, IPv6, two uplinks.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from tests.lab.scenarios import table  # loads every module that has scenarios
from tests.lab.scenarios.scenario import SCENARIOS, Play, Scenario
from tests.lab.scenarios.stage import TWO_STUN, Stage
from tests.lab.topology import KINDS, TURN_TCP_URL, TURNS_URL, Site, Topology

assert table.MODULES
WATCH = 4.0
"""Seconds for which a healthy cell is watched, longer than any silence needs to tell something."""
LIFETIME, LATE = 10, 15.0
"""Seconds after which NATs forget bindings, and after which blobs are exchanged."""
RECOVERED = 8.0
"""Seconds that a session gets to find another path."""
NATS = ("cone", "arc", "prc", "sym")


def _connect(stage: Stage) -> None:
    stage.connect()


def _relay_only(stage: Stage) -> None:
    stage.connect("--relay-only")


def _over(url: str) -> Play:
    def play(stage: Stage) -> None:
        stage.connect("--relay-only", servers=(*TWO_STUN, "--turn", url))

    return play


def _late(stage: Stage) -> None:
    """Both get the other's blob when the NATs have forgotten everything that is not kept warm."""
    stage.start_both()
    stage.wait(LATE)
    stage.exchange()
    stage.connected("alice", "bob")


OUTLIVED = ("allocation-lost", "nat-moved-us", "blob-outdated")
"""What is true, too, where a binding lives shorter than we keep it."""


def _rebound(stage: Stage) -> None:
    """Alice's NAT forgets its mappings under a standing path."""
    stage.connect()
    stage.lab.rebind("alice")
    stage.wait(RECOVERED)


def _healthy(name: str, topology: Topology, play: Play = _connect) -> Scenario:
    return Scenario(name=name, cause="none", play=play, topology=topology, watch=WATCH)


def cells(kinds: Sequence[str] = KINDS) -> list[Scenario]:
    """NAT kinds × NAT kinds, with every server there is: each connects."""
    return [
        _healthy(f"{alice} {bob}", Topology.pair(alice, bob))
        for alice, bob in itertools.product(kinds, kinds)
    ]


def _further() -> Iterator[Scenario]:
    for inner, outer in itertools.product(NATS, NATS):
        yield _healthy(f"{inner} in {outer} and prc", Topology.pair(f"{inner}+{outer}", "prc"))
    for kind in NATS:
        yield _healthy(f"neighbours behind {kind}", Topology.shared(kind))
        apart = Site((kind,), isolated=True)
        yield _healthy(f"kept apart behind {kind}", Topology.shared(apart))
        turning = Site((kind,), isolated=True, hairpin=True)
        yield _healthy(f"kept apart behind {kind} with hairpin", Topology.shared(turning))
    for kind in KINDS:
        yield _healthy(f"ipv6 open and {kind}", Topology.pair("open", kind, ipv6=True))
        if kind != "open":
            yield _healthy(f"ipv6 {kind} and prc", Topology.pair(kind, "prc", ipv6=True))
    for one, other in (("prc", "sym"), ("sym", "cone"), ("open", "udpblock")):
        sites = {"alice": Site((one,)), "lte": Site((other,)), "bob": Site(("prc",))}
        hosts = {"alice": ("alice", "lte"), "bob": ("bob",)}
        yield _healthy(f"two uplinks {one} and {other}", Topology(sites, hosts))
    for kind in ("cone", "sym", "udpblock"):
        pair = Topology.pair(kind, "prc")
        yield _healthy(f"relays over tcp {kind}", pair, _over(TURN_TCP_URL))
        yield _healthy(f"relays over tls {kind}", pair, _over(TURNS_URL))
    for one, other in (("prc", "prc"), ("cone", "sym"), ("sym", "sym")):
        short = [Site((kind,), binding_lifetime=LIFETIME) for kind in (one, other)]
        late = _healthy(f"late {one} and {other}", Topology.pair(*short), _late)
        yield dataclasses.replace(late, also=OUTLIVED)
        yield _healthy(f"rebound {one} and {other}", Topology.pair(one, other), _rebound)
    yield _healthy("relays only", Topology.pair("prc", "sym"), _relay_only)


def plays() -> list[Scenario]:
    """All of them."""
    return [*cells(), *SCENARIOS, *_further()]
