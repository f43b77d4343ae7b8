"""Random networks, and those in which the engine was once found wrong: every invariant holds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from icetui.vnet.network import Network, Server
from icetui.vnet.network_parts import NatKind, Session
from icetui.vnet.network_text import read, write
from icetui.vnet.servers import StunOptions
from tests.vnet.playing import homes
from tests.vnet.search.causes import causes
from tests.vnet.search.judge import judge
from tests.vnet.search.play import play
from tests.vnet.search.random_network import KINDS, random_network
from tests.vnet.search.remedies import works as carry_out
from tests.vnet.search.search import batch
from tests.vnet.search.shrink import shrink
from tests.vnet.search.truth import find

NETWORKS = sorted((Path(__file__).parent / "networks").glob("*.toml"))
NO_WAY = sorted((Path(__file__).parent / "networks" / "no-way").glob("*.toml"))
SEEDS, AT_ONCE = range(20_000, 20_200), 25


@pytest.mark.parametrize("path", NO_WAY, ids=lambda path: path.stem)
def test_why_there_is_no_way_was_once_said_wrongly_and_is_said_rightly(path: Path) -> None:
    judgement = judge(read(path.read_text(encoding="utf-8")))
    assert len(judgement.namings) == 2
    assert not judgement.truth.any
    assert not judgement.violations
    assert not judgement.claims


@pytest.mark.parametrize("path", NETWORKS, ids=lambda path: path.stem)
def test_what_was_once_wrong_is_right(path: Path) -> None:
    judgement = judge(read(path.read_text(encoding="utf-8")), talk=False)
    assert judgement.truth.any
    assert judgement.violations == []


@pytest.mark.parametrize("first", SEEDS[::AT_ONCE])
def test_every_invariant_holds_and_nothing_false_is_said_in_random_networks(first: int) -> None:
    score = batch(first, AT_ONCE, KINDS)
    assert score.violations == {}, score.examples
    assert not [kind for kind in score.claims if kind.startswith("claim ")], score.examples
    assert score.networks == AT_ONCE


# --- the truth ----------------------------------------------------------------------------------


def network(alice: NatKind, bob: NatKind) -> Network:
    """Two homes, each with the STUN server that tells its address."""
    stun = ("stun:192.0.2.10",)
    return homes(
        alice,
        bob,
        servers={"stun": Server(StunOptions(), "server")},
        sessions={n: Session(host=n, stun=stun) for n in ("alice", "bob")},
    )


@pytest.mark.parametrize(
    ("alice", "bob", "direct"),
    [
        ("cone", "sym", True),
        ("arc", "sym", True),
        ("prc", "prc", True),
        ("prc", "sym", False),
        ("sym", "sym", False),
        ("open", "udpblock", False),
    ],
)
def test_ideal_agents_find_out_which_nats_let_each_other_through(
    alice: NatKind, bob: NatKind, direct: bool
) -> None:
    run = play(network(alice, bob), 6.0)
    assert bool(find(run.network, run.times, run.until).ways["direct"]) is direct


def test_a_cause_is_what_lets_them_connect_once_it_is_gone() -> None:
    symmetric = play(network("sym", "sym"), 6.0)
    assert causes(symmetric.network, symmetric.times, symmetric.until) == ["nat"]
    blocked = play(network("open", "udpblock"), 6.0)
    assert causes(blocked.network, blocked.times, blocked.until) == ["firewall"]


@pytest.mark.parametrize(
    ("codes", "alice", "bob", "works"),
    [
        (("nats-exclude",), "sym", "sym", True),
        (("relay-unreached",), "sym", "sym", False),
        (("relay-unreached", "nats-exclude"), "sym", "sym", True),
        (("udp-blocked-there",), "prc", "udpblock", True),
        (("no-stun-there",), "prc", "udpblock", True),
        (("servers-dead-there",), "prc", "udpblock", False),
        (("left",), "sym", "sym", None),
    ],
)
def test_a_remedy_carried_out_leads_to_a_path_where_it_fits(
    codes: tuple[str, ...], alice: NatKind, bob: NatKind, works: bool | None
) -> None:
    run = play(network(alice, bob), 6.0)
    assert carry_out(codes, run.network, "alice", run.times) is works


# --- the tools ----------------------------------------------------------------------------------


def test_random_networks_survive_being_written_down() -> None:
    for seed in range(100):
        drawn = random_network(seed)
        assert read(write(drawn)) == drawn


def test_shrinking_leaves_what_the_failure_needs() -> None:
    drawn = next(
        n for n in map(random_network, range(1000)) if "bob-nat" in n.routers and n.changes
    )

    def fails(smaller: Network) -> bool:
        return smaller.routers.get("bob-nat") is not None

    small = shrink(drawn, fails)
    assert small.changes == ()
    assert small.servers == {}
    assert small.routers["bob-nat"].nat == "open"


STREAM = """
import hashlib
from icetui import events

from tests.vnet.search.play import play
from tests.vnet.search.random_network import random_network
digest = hashlib.sha256()
for seed in range(20):
    for side in play(random_network(seed)).sides.values():
        for event in side.events:
            if not isinstance(event, events.EngineStarted):
                digest.update(events.encode(event))
print(digest.hexdigest())
"""


def streams(hash_seed: str, python: str = sys.executable) -> str:
    """The digest of what twenty networks' engines say, in an interpreter of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [python, "-c", STREAM], env=environment, capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2], timeout=55,
    )  # fmt: skip
    return done.stdout


def test_the_same_networks_give_the_same_bytes_whatever_python_hashes_by() -> None:
    assert streams("1") == streams("2")
