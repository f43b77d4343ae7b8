"""icetui stays connected when the network changes under it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lab.icetui_peer import SERVERS, Outcome, Peer
from tests.lab.lab import BuildLab, Lab
from tests.lab.topology import STUN_URL, Site, Topology
from tests.lab.weather import Weather

CONNECTED = ("connected", "completed")


def through(
    lab: Lab, folder: Path, change: Callable[[], None], hold: float, servers: tuple[str, ...]
) -> tuple[Outcome, Outcome]:
    """Two peers, and a change of the network once both have nominated."""
    alice = Peer(lab["alice"], folder, "alice", "bob", hold=hold, servers=servers)
    bob = Peer(lab["bob"], folder, "bob", "alice", hold=hold, servers=servers)
    for peer in (alice, bob):
        peer.wait_for("connection-state-changed", state="connected")
    change()
    return alice.outcome(), bob.outcome()


def assert_still_connected(*outcomes: Outcome) -> None:
    for outcome in outcomes:
        assert outcome.code == 0 and outcome.state in CONNECTED, outcome.explain()


def changes(outcome: Outcome, last: float) -> list[dict[str, Any]]:
    """The changes of path in the last seconds before the end."""
    end = outcome.events[-1]["wall"]
    return [
        event
        for event in outcome.events
        if event["event"] == "selected-pair-changed" and event["wall"] > end - last
    ]


@pytest.mark.parametrize(("kind", "other"), [("prc", "prc"), ("sym", "open")])
def test_a_rebound_nat_is_survived(
    build_lab: BuildLab, tmp_path: Path, kind: str, other: str
) -> None:
    lab = build_lab(kind, other)
    outcomes = through(lab, tmp_path, lambda: lab.rebind("alice"), hold=8, servers=SERVERS)
    assert_still_connected(*outcomes)
    for outcome in outcomes:
        assert not changes(outcome, last=2), "it does not come to rest"


def test_the_second_uplink_takes_over_when_the_first_is_cut(
    build_lab: BuildLab, tmp_path: Path
) -> None:
    topology = Topology(
        sites={name: Site(("prc",)) for name in ("wifi", "lte", "bob")},
        hosts={"alice": ("wifi", "lte"), "bob": ("bob",)},
    )
    lab = build_lab(topology=topology)

    outcomes = through(lab, tmp_path, lambda: lab.cut("wifi"), hold=8, servers=SERVERS)
    assert_still_connected(*outcomes)
    second = topology.plan("lte").public
    assert outcomes[0].summary["selected_pair"]["local"]["address"] == second
    assert outcomes[1].summary["selected_pair"]["remote"]["address"] == second


def test_a_short_cut_is_survived(build_lab: BuildLab, tmp_path: Path) -> None:
    lab = build_lab("prc", "prc")

    def cut_a_while() -> None:
        lab.cut("bob")
        # Long enough for probes to be lost, far too short for consent to expire (RFC 7675).
        assert lab["bob"].run("ping", "-c1", "-W3", "192.0.2.10").returncode == 1
        lab.restore("bob")

    outcomes = through(lab, tmp_path, cut_a_while, hold=8, servers=("--stun", STUN_URL))
    assert_still_connected(*outcomes)
    for outcome in outcomes:
        assert outcome.path == "direct", outcome.explain()


def test_a_path_that_slows_down_is_kept(build_lab: BuildLab, tmp_path: Path) -> None:
    lab = build_lab("prc", "prc")
    outcomes = through(
        lab,
        tmp_path,
        lambda: lab.set_weather("bob", Weather(delay=0.3)),
        hold=6,
        servers=("--stun", STUN_URL),
    )
    assert_still_connected(*outcomes)
    for outcome in outcomes:
        pair = outcome.summary["selected_pair"]
        assert pair["current_round_trip_time"] == pytest.approx(0.6, rel=0.1)
