"""The network changes while the session stands or waits."""

from __future__ import annotations

from tests.lab.scenarios.scenario import scenario
from tests.lab.scenarios.stage import TWO_STUN, WITH_TURN, Stage
from tests.lab.topology import Site, Topology

MOVED = 20.0
"""Seconds within which servers have been asked again and show where the NAT moved us."""


@scenario(
    "NAT rebind while waiting", "Alice's NAT gave her another port after her blob was copied",
    alice=("nat-moved-us",), bob=("nothing-answers",), slow=True,
)  # fmt: skip
def rebind_waiting(stage: Stage) -> None:
    stage.start_both(servers=TWO_STUN)
    stage.lab.rebind("alice")
    stage.exchange()
    stage.until("alice", lambda s: s.resend_at is not None, MOVED)


@scenario(
    "link cut after connecting", "Bob's line is dead",
    alice=("silent-path",), bob=("silent-path",), watch=4.0,
)  # fmt: skip
def cut(stage: Stage) -> None:
    stage.connect(servers=TWO_STUN)
    stage.lab.cut("bob")


@scenario(
    "own link cut after connecting", "Alice's line is dead, with a relay at hand",
    alice=("silent-path",), bob=("silent-path",), watch=5.0,
    also=("allocation-expiring", "allocation-lost", "server-silent", "blob-outdated"),
)  # fmt: skip
def cut_relay(stage: Stage) -> None:
    stage.connect(servers=WITH_TURN)
    stage.lab.cut("alice")


@scenario(
    "peer killed after connecting", "Bob's icetui died without a goodbye",
    alice=("peer-gone", "silent-path"), watch=4.0, says="ended",
)  # fmt: skip
def killed(stage: Stage) -> None:
    stage.connect(servers=TWO_STUN)
    stage.kill("bob")


@scenario(
    "peer left", "Bob quit",
    alice=("peer-left",), bob=("direct-path",), watch=1.5,
)  # fmt: skip
def left(stage: Stage) -> None:
    stage.connect(servers=TWO_STUN)
    stage.leave("bob")


@scenario(
    "line dead for good", "Bob's line is dead until consent runs out",
    alice=("path-lost",), bob=("path-lost",), also=("silent-path",), watch=31.0, slow=True,
)  # fmt: skip
def lost(stage: Stage) -> None:
    stage.connect(servers=TWO_STUN)
    stage.lab.cut("bob")


@scenario(
    "peer pasted late", "nothing is broken: Bob pastes Alice's blob seconds after she pasted his",
    alice=("direct-path",), bob=("direct-path",), also=("nothing-answers",),
)  # fmt: skip
def late(stage: Stage) -> None:
    stage.start_both(servers=TWO_STUN)
    stage.hand("bob", "alice")
    stage.wait(4.0)
    stage.hand("alice", "bob")
    stage.connected("alice", "bob")


@scenario(
    "short interruption", "nothing is broken any more: Bob's line was cut for a moment",
    alice=("direct-path", "path-interrupted"), bob=("direct-path", "path-interrupted"), watch=6.0,
    also=("silent-path",),
)  # fmt: skip
def interrupted(stage: Stage) -> None:
    stage.connect(servers=TWO_STUN)
    stage.lab.cut("bob")
    stage.wait(1.0)
    stage.lab.restore("bob")


@scenario(
    "peer suspended", "Bob's machine sleeps",
    alice=("silent-path",), watch=4.0,
)  # fmt: skip
def suspended(stage: Stage) -> None:
    stage.connect(servers=TWO_STUN)
    stage.suspend("bob")


@scenario(
    "server gone under a direct path", "the TURN server has stopped; the path needs none",
    alice=("server-closed",), bob=("server-closed",), watch=8.0,
)  # fmt: skip
def server_gone(stage: Stage) -> None:
    stage.connect(servers=WITH_TURN)
    stage.lab.stop_server()


@scenario(
    "uplink cut, second takes over", "nothing is broken any more: the path was changed",
    topology=Topology(
        sites={name: Site(("prc",)) for name in ("alice", "lte", "bob")},
        hosts={"alice": ("alice", "lte"), "bob": ("bob",)},
    ),
    # A side whose data took the other uplink already sees no change.
    alice=("path-changed", "path-interrupted", "direct-path"),
    bob=("path-changed", "path-interrupted", "direct-path"), also=("silent-path",), watch=7.0,
)  # fmt: skip
def taken_over(stage: Stage) -> None:
    stage.connect(servers=TWO_STUN)
    session = stage.session("alice")
    pair = session.selected_pair
    used = session.local_candidates[pair.local].interface if pair is not None else None
    stage.lab.cut("alice" if used == "eth0" else "lte")


@scenario(
    "cut in one direction after connecting", "UDP from Alice to Bob is dropped",
    alice=("silent-path",), bob=("silent-path",), watch=5.5, says="their checks still arrive",
)  # fmt: skip
def cut_one_way(stage: Stage) -> None:
    stage.connect(servers=TWO_STUN)
    stage.drop("alice", "bob")


@scenario(
    "line that comes and goes", "Bob's line is dead for three seconds out of six",
    alice=("unsteady-path",), bob=("unsteady-path",), watch=1.5, slow=True,
    also=("silent-path", "lossy-path"),
)  # fmt: skip
def flapping(stage: Stage) -> None:
    stage.connect(servers=TWO_STUN)
    for _ in range(3):
        stage.lab.cut("bob")
        stage.wait(3.0)
        stage.lab.restore("bob")
        stage.wait(3.0)
