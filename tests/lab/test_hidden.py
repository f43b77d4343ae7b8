"""Browsers that hide their addresses behind `.local` names connect all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.foreign import Foreign, skip_if_absent
from tests.lab.icetui_peer import Peer, hand_over
from tests.lab.lab import BuildLab
from tests.lab.peers import exchange
from tests.lab.topology import Topology

ALONE = ("--no-servers",)


@pytest.mark.parametrize("role", ["offer", "answer"])
def test_chromiums_name_becomes_its_address(build_lab: BuildLab, tmp_path: Path, role: str) -> None:
    """Both are in one LAN; `role` is Chromium's."""
    skip_if_absent("chromium")
    lab = build_lab(topology=Topology.shared("prc"), server=False)
    handed = tmp_path / "handed"
    browser = Foreign(
        lab["bob"], "chromium", role, tmp_path, other=handed, hold=2, extra=["--mdns"]
    )
    peer = Peer(lab["alice"], tmp_path, "icetui", role, "--format", "json", servers=ALONE, hold=1)
    peer.wait_for("gathering-state-changed", state="complete")
    if role == "offer":
        peer.wait_for("description-accepted")
        exchange.read_description(peer.blob, "answer", timeout=5)
    hand_over(peer.blob, handed)
    outcome, result = peer.outcome(), browser.result()
    assert outcome.code == 0, (outcome.explain(), result)
    assert result["state"] == "connected", result
    shown = [e["candidate"] for e in outcome.events if e["event"] == "remote-candidate-added"]
    named = next(
        c for c in shown if c["address"].endswith(".local") and "asked" in c["unsupported"]
    )
    last = [c for c in shown if c["id"] == named["id"]][-1]
    assert last["address"] == lab["bob"].address or lab["bob"].address in last["unsupported"]


def test_a_name_that_nobody_answers_for_says_so_and_its_peer_connects_all_the_same(
    build_lab: BuildLab, tmp_path: Path
) -> None:
    """Through two NATs, where no multicast goes: Chromium's own checks tell where it is."""
    skip_if_absent("chromium")
    lab = build_lab("open", "open", server=False)
    handed = tmp_path / "handed"
    browser = Foreign(
        lab["bob"], "chromium", "offer", tmp_path, other=handed, hold=4, extra=["--mdns"]
    )
    peer = Peer(
        lab["alice"], tmp_path, "icetui", "offer", "--format", "json", servers=ALONE, hold=2
    )
    peer.wait_for("description-accepted")
    exchange.read_description(peer.blob, "answer", timeout=5)
    hand_over(peer.blob, handed)
    outcome, result = peer.outcome(), browser.result()
    assert outcome.code == 0, (outcome.explain(), result)
    assert result["state"] == "connected", result
    shown = [e["candidate"] for e in outcome.events if e["event"] == "remote-candidate-added"]
    last = [c for c in shown if c["address"].endswith(".local")][-1]
    assert "nobody in this network answered" in last["unsupported"]
    assert outcome.summary["selected_pair"]["remote"]["type"] == "prflx"
