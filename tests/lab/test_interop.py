"""icetui connects with every foreign peer through two NATs, in both roles."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import peers
from tests.lab.foreign import Foreign, skip_if_absent
from tests.lab.icetui_peer import Peer, hand_over
from tests.lab.lab import BuildLab
from tests.lab.peers import exchange
from tests.lab.topology import STUN_URL

STUN = ("--stun", STUN_URL)


@pytest.mark.parametrize("role", ["offer", "answer"])
@pytest.mark.parametrize("name", peers.NAMES)
def test_icetui_connects_with_a_foreign_peer(
    build_lab: BuildLab, tmp_path: Path, name: str, role: str
) -> None:
    """``role`` is the foreign peer's. It is given what a person would give it: icetui's
    description once gathering is complete."""
    skip_if_absent(name)
    lab = build_lab("prc", "prc")
    handed = tmp_path / "handed"
    foreign = Foreign(lab["bob"], name, role, tmp_path, [STUN_URL], other=handed, hold=1)
    peer = Peer(lab["alice"], tmp_path, "icetui", role, "--format", "json", servers=STUN, hold=0.5)
    peer.wait_for("gathering-state-changed", state="complete")
    if role == "offer":
        peer.wait_for("description-accepted")
        # The answer is written a moment after the offer was accepted.
        exchange.read_description(peer.blob, "answer", timeout=5)
    hand_over(peer.blob, handed)
    outcome, result = peer.outcome(), foreign.result()
    assert outcome.code == 0, (outcome.explain(), result)
    assert outcome.path == "direct", outcome.explain()
    assert (result["state"], result["path"]) == ("connected", "direct"), result
    near, far = (lab.topology.plan(site).public for site in ("alice", "bob"))
    assert outcome.summary["selected_pair"]["remote"]["address"] == far
    assert result["selected_pair"]["remote"]["address"] == near
