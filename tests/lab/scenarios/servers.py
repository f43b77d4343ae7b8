"""STUN and TURN servers are dead, closed, unnamed, unwilling, or die later."""

from __future__ import annotations

from tests.lab.scenarios.scenario import scenario
from tests.lab.scenarios.stage import TWO_STUN, WITH_TURN, Stage
from tests.lab.topology import (
    BLACKHOLE_V4,
    SERVER_V4,
    STUN_PORT,
    TURN_PASSWORD,
    TURN_UDP_URL,
    TURN_USER,
    TURNS_URL,
)

TURN_HOST = f"{SERVER_V4[0]}:{STUN_PORT}"
ALONE = ("--stun", f"stun:{BLACKHOLE_V4}:3478")


@scenario(
    "dead STUN server", "Alice's STUN server does not answer; Bob is reachable",
    bob_nat="open", alice=("server-silent",), bob=("direct-path",),
)  # fmt: skip
def dead_stun(stage: Stage) -> None:
    stage.start("alice", servers=ALONE)
    stage.start("bob", servers=TWO_STUN)
    stage.gathered("alice", "bob")
    stage.exchange()


@scenario(
    "dead STUN server on both sides", "neither learns its public address, for want of a server",
    alice=("private-addresses",), bob=("private-addresses",), says="does not answer",
    also=("server-silent",),
)  # fmt: skip
def dead_stun_both(stage: Stage) -> None:
    stage.start_both(servers=ALONE)
    stage.exchange()


@scenario(
    "closed STUN port", "nothing listens at the port Alice names",
    bob_nat="open", alice=("server-closed",),
)  # fmt: skip
def closed_port(stage: Stage) -> None:
    stage.start("alice", servers=("--stun", f"stun:{SERVER_V4[0]}:9"))
    stage.start("bob", servers=TWO_STUN)
    stage.gathered("alice", "bob")
    stage.exchange()


@scenario(
    "STUN name unresolvable", "the name Alice gives has no address",
    bob_nat="open", alice=("server-unresolved",),
)  # fmt: skip
def unresolvable(stage: Stage) -> None:
    stage.start("alice", servers=("--stun", "stun:nosuch.lab.test:3478"))
    stage.start("bob", servers=TWO_STUN)
    stage.gathered("alice", "bob")
    stage.exchange()


def relay_needed(stage: Stage, turn: str, **environment: str) -> None:
    """Two symmetric NATs: Alice's TURN server would be the only way; Bob has none."""
    stage.start("alice", servers=(*TWO_STUN, "--turn", turn), **environment)
    stage.start("bob", servers=TWO_STUN)
    stage.gathered("alice", "bob")
    stage.exchange()


NO_RELAY_THERE = {"alice_nat": "sym", "bob_nat": "sym", "also": ("no-direct-way",)}


@scenario(
    "dead TURN server", "the only relay does not answer",
    alice=("server-silent",), bob=("no-direct-way",), **NO_RELAY_THERE,
)  # fmt: skip
def dead_turn(stage: Stage) -> None:
    relay_needed(stage, f"turn:{TURN_USER}:{TURN_PASSWORD}@{BLACKHOLE_V4}:3478")


@scenario(
    "wrong TURN secret", "the only relay refuses Alice's password",
    alice=("turn-credentials",), bob=("no-direct-way",), **NO_RELAY_THERE,
)  # fmt: skip
def wrong_secret(stage: Stage) -> None:
    relay_needed(stage, f"turn:{TURN_USER}:not-it@{TURN_HOST}")


@scenario(
    "wrong TURN secret, not needed", "the relay refuses Alice, and a direct path stands",
    alice=("turn-credentials",),
)  # fmt: skip
def wrong_secret_direct(stage: Stage) -> None:
    relay_needed(stage, f"turn:{TURN_USER}:not-it@{TURN_HOST}")


@scenario(
    "TURN without credentials", "the only relay wants a name and a password",
    alice=("turn-credentials",), says="none was given", **NO_RELAY_THERE,
)  # fmt: skip
def no_credentials(stage: Stage) -> None:
    relay_needed(stage, f"turn:{TURN_HOST}")


@scenario(
    "TURN certificate refused", "the only relay's certificate is signed by nobody Alice knows",
    alice=("turn-tls",), **NO_RELAY_THERE,
)  # fmt: skip
def bad_certificate(stage: Stage) -> None:
    relay_needed(stage, TURNS_URL, SSL_CERT_FILE="/dev/null")


@scenario(
    "TURN quota full", "another session of this user holds the only allocation allowed",
    alice_nat="sym", bob_nat="sym", server=False, alice=("relayed-path",), bob=("turn-quota",),
)  # fmt: skip
def quota(stage: Stage) -> None:
    stage.lab.start_server("--user-quota=1")
    one = (*TWO_STUN, "--turn", TURN_UDP_URL)
    stage.start("alice", servers=one)
    stage.gathered("alice")
    stage.start("bob", servers=one)
    stage.gathered("bob")
    stage.exchange()


@scenario(
    "TURN forbids the peer", "the server relays to nobody (403)",
    alice_nat="sym", bob_nat="sym", server=False,
    alice=("relay-forbidden",), bob=("relay-forbidden",),
)  # fmt: skip
def forbidden(stage: Stage) -> None:
    stage.lab.start_server("--denied-peer-ip=0.0.0.0-255.255.255.255")
    stage.start_both(servers=(*TWO_STUN, "--turn", TURN_UDP_URL))
    stage.exchange()


@scenario(
    "TURN server stopped under a relayed path", "the only relay is gone",
    alice_nat="sym", bob_nat="sym",
    alice=("allocation-lost",), bob=("relay-gone",), watch=6.0,
    also=("silent-path", "server-closed", "server-silent", "blob-outdated"),
)  # fmt: skip
def stopped(stage: Stage) -> None:
    stage.start("alice", servers=(*TWO_STUN, "--turn", TURN_UDP_URL))
    stage.start("bob", servers=TWO_STUN)
    stage.gathered("alice", "bob")
    stage.exchange()
    stage.connected("alice", "bob")
    stage.lab.stop_server()


@scenario(
    "TURN server restarted under a relayed path", "it has forgotten the allocation",
    alice_nat="sym", bob_nat="sym",
    alice=("allocation-lost",), bob=("relay-gone",), watch=5.0,
    also=("silent-path", "blob-outdated", "server-closed", "path-lost"),
)  # fmt: skip
def restarted(stage: Stage) -> None:
    stopped(stage)
    stage.lab.start_server()


@scenario(
    "relay-only on one side", "Alice wants relayed candidates only",
    alice=("relayed-path",), bob=("relayed-path",), says="Connected through a TURN server",
)  # fmt: skip
def relay_only(stage: Stage) -> None:
    stage.start("alice", "--relay-only", servers=WITH_TURN)
    stage.start("bob", servers=TWO_STUN)
    stage.gathered("alice", "bob")
    stage.exchange()


@scenario(
    "closed TURN port over TCP", "nothing listens at the TCP port of the only relay",
    alice=("server-closed",), **NO_RELAY_THERE,
)  # fmt: skip
def closed_tcp(stage: Stage) -> None:
    relay_needed(stage, f"turn:{TURN_USER}:{TURN_PASSWORD}@{SERVER_V4[0]}:9?transport=tcp")


@scenario(
    "TURN name unresolvable", "the only relay's name has no address; STUN works",
    alice=("server-unresolved",), bob=("no-direct-way",), **NO_RELAY_THERE,
)  # fmt: skip
def turn_unresolvable(stage: Stage) -> None:
    relay_needed(stage, f"turn:{TURN_USER}:{TURN_PASSWORD}@nosuch.lab.test")
