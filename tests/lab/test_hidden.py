"""Browsers behind `.local` names that nobody resolves connect all the same.

Names that are resolved: test_by_text.py.
"""

from __future__ import annotations

import time
from pathlib import Path

from tests.lab.foreign import Foreign, skip_if_absent
from tests.lab.icetui_peer import Peer, hand_over
from tests.lab.lab import BuildLab
from tests.lab.peers import exchange
from tests.lab.topology import Topology

ALONE = ("--no-servers",)


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


def test_a_firefox_that_is_slow_to_be_asked_is_found_by_its_own_checks(
    build_lab: BuildLab, tmp_path: Path
) -> None:
    """Headless, it answers for its name only from the moment at which it has our answer; the
    questions have been given up by then."""
    skip_if_absent("firefox")
    lab = build_lab(topology=Topology.shared("prc"), server=False)
    handed = tmp_path / "handed"
    browser = Foreign(
        lab["bob"], "firefox", "offer", tmp_path, other=handed, hold=4, extra=["--mdns"]
    )
    peer = Peer(
        lab["alice"], tmp_path, "icetui", "offer", "--format", "json", servers=ALONE, hold=2
    )
    peer.wait_for("description-accepted")
    exchange.read_description(peer.blob, "answer", timeout=5)
    while not any("nobody in this network" in why for why in unsupported(peer)):
        time.sleep(0.05)  # its output is a file, and a file tells nobody
    hand_over(peer.blob, handed)
    outcome, result = peer.outcome(), browser.result()
    assert outcome.code == 0, (outcome.explain(), result)
    assert result["state"] == "connected", result
    assert outcome.summary["selected_pair"]["remote"]["type"] == "prflx"
    assert outcome.summary["selected_pair"]["remote"]["address"] == lab["bob"].address


def unsupported(peer: Peer) -> list[str]:
    """Why their candidates are not used, so far."""
    shown = [e["candidate"] for e in peer.events() if e["event"] == "remote-candidate-added"]
    return [c["unsupported"] for c in shown if c.get("unsupported")]
