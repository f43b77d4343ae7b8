"""The blobs are wrong: altered, old, for another session, not pasted, unreadable."""

from __future__ import annotations

import msgspec

from icetui.signaling import Description
from tests.lab.scenarios.scenario import scenario
from tests.lab.scenarios.stage import NONE, TWO_STUN, Stage, with_addresses
from tests.lab.topology import UNREACHABLE_V4, Topology

SILENCE = ("nothing-answers",)


@scenario(
    "wrong password in the blob", "Alice's copy of Bob's blob was altered",
    alice=("wrong-password",), bob=("they-hold-wrong-password",),
)  # fmt: skip
def wrong_password(stage: Stage) -> None:
    def altered(d: Description) -> Description:
        return msgspec.structs.replace(d, pwd=d.pwd[::-1] if d.pwd != d.pwd[::-1] else "x" * 24)

    stage.start_both(servers=TWO_STUN)
    stage.hand("alice", "bob")
    stage.hand("bob", "alice", altered)


@scenario(
    "blob of an older session", "Alice holds the blob of Bob's run before",
    alice=("stale-blob",), bob=("they-hold-stale-blob",),
)  # fmt: skip
def older_session(stage: Stage) -> None:
    stage.start("bob", "--port", "5000", servers=TWO_STUN, run="-before")
    stage.gathered("bob")
    old = stage.blob_of("bob")
    stage.kill("bob")
    stage.start("bob", "--port", "5000", servers=TWO_STUN)
    stage.start("alice", servers=TWO_STUN)
    stage.gathered("alice", "bob")
    stage.put("alice", old)
    stage.hand("alice", "bob")


@scenario(
    "both hold old blobs", "each was started anew and got the other's blob of before",
    alice=("they-hold-stale-blob",), bob=("they-hold-stale-blob",), also=("wrong-credentials",),
)  # fmt: skip
def both_old(stage: Stage) -> None:
    old = {}
    for name, port in (("alice", "5000"), ("bob", "5001")):
        stage.start(name, "--port", port, servers=TWO_STUN, run="-before")
        stage.gathered(name)
        old[name] = stage.blob_of(name)
        stage.kill(name)
        stage.start(name, "--port", port, servers=TWO_STUN)
    stage.gathered("alice", "bob")
    stage.put("alice", old["bob"])
    stage.put("bob", old["alice"])


@scenario(
    "peer not started", "Bob's icetui has ended: nobody listens at his public address",
    bob_nat="open", alice=("nobody-listens",),
)  # fmt: skip
def nobody_there(stage: Stage) -> None:
    stage.start_both(servers=TWO_STUN)
    blob = stage.blob_of("bob")
    stage.kill("bob")
    del stage.peers["bob"]
    stage.put("alice", blob)


@scenario(
    "peer not started, behind a NAT", "Bob's icetui has ended; his NAT says nothing",
    alice=SILENCE, says="have left",
)  # fmt: skip
def nobody_there_nat(stage: Stage) -> None:
    stage.start_both(servers=TWO_STUN)
    blob = stage.blob_of("bob")
    stage.kill("bob")
    del stage.peers["bob"]
    stage.put("alice", blob)


@scenario(
    "peer ended in the same network", "Bob's icetui has ended on a machine of Alice's network",
    topology=Topology.shared("prc"), alice=("nobody-listens",),
)  # fmt: skip
def nobody_there_lan(stage: Stage) -> None:
    nobody_there(stage)


@scenario(
    "firewall in the same network, no STUN", "Bob's machine drops what comes in",
    topology=Topology.shared("prc"), alice=("not-heard",),
    bob=("nothing-answers",), watch=6.0,
)  # fmt: skip
def firewall_lan(stage: Stage) -> None:
    stage.rules("bob", "meta l4proto udp drop", hook="input")
    stage.start_both(servers=NONE)
    stage.exchange()


@scenario(
    "wrong address in the blob", "the address leads to no machine",
    alice=("unreachable",),
)  # fmt: skip
def wrong_address(stage: Stage) -> None:
    stage.start_both(servers=TWO_STUN)
    stage.hand("bob", "alice", with_addresses(UNREACHABLE_V4))


@scenario(
    "not pasted over there, reachable", "Bob has not pasted Alice's blob",
    bob_nat="cone", alice=("not-pasted-yet",), bob=("knocking",),
)  # fmt: skip
def not_pasted(stage: Stage) -> None:
    stage.start_both(servers=TWO_STUN)
    stage.hand("bob", "alice")


@scenario(
    "not pasted over there, behind a NAT", "Bob has not pasted Alice's blob; his NAT drops",
    alice=SILENCE, says="have not pasted our blob", bob=("waiting-for-blob",),
)  # fmt: skip
def not_pasted_nat(stage: Stage) -> None:
    stage.start_both(servers=TWO_STUN)
    stage.hand("bob", "alice")


@scenario(
    "blob three hours old", "Alice pasted a blob whose NAT binding is long gone",
    alice=SILENCE, says="too old", also=("old-blob",),
)  # fmt: skip
def three_hours_old(stage: Stage) -> None:
    def aged(d: Description) -> Description:
        return msgspec.structs.replace(d, made=stage.wall() - 3 * 3600)

    stage.start_both(servers=TWO_STUN)
    blob = stage.blob_of("bob")
    stage.kill("bob")
    del stage.peers["bob"]
    stage.put("alice", blob, aged)


@scenario(
    "blob truncated", "the end of Bob's blob was not copied",
    alice=("paste-unusable",),
)  # fmt: skip
def truncated(stage: Stage) -> None:
    stage.start("alice", servers=TWO_STUN, typed=True)
    stage.start("bob", servers=TWO_STUN)
    stage.gathered("alice", "bob")
    stage.type_in("alice", stage.blob_of("bob").strip()[:-9])


@scenario(
    "mDNS name unresolvable", "Bob's only candidate hides behind a .local name of another network",
    alice=("mdns-unresolved",), also=("not-heard", "private-addresses"), watch=6.0,
)  # fmt: skip
def hidden(stage: Stage) -> None:
    stage.start_both(servers=NONE)
    stage.hand("bob", "alice", with_addresses("4e64bd03-2f7b-4f8e-9d3c-7b1e6f1a2b3c.local"))


@scenario(
    "IPv6 only on one side", "Alice has IPv6 only, Bob IPv4 only",
    topology=Topology.pair("prc", "prc", ipv6=True),
    alice=("no-common-family",), bob=("no-common-family",), also=("server-useless",),
)  # fmt: skip
def one_family(stage: Stage) -> None:
    stage.start("alice", "--no-ipv4", servers=NONE)
    stage.start("bob", "--no-ipv6", servers=NONE)
    stage.gathered("alice", "bob")
    stage.exchange()
