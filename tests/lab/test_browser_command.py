"""What ``icetui browser`` prints makes a real browser's tab the other side."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.foreign import skip_if_absent
from tests.lab.icetui_peer import Peer, hand_over
from tests.lab.lab import BuildLab
from tests.lab.peers import exchange
from tests.lab.topology import STUN_URL


@pytest.mark.parametrize("role", ["offer", "answer"])
@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_the_snippet_connects_a_tab(
    build_lab: BuildLab, tmp_path: Path, name: str, role: str
) -> None:
    """Through two NATs. The tab hides its host address, as browsers do by default; `role` is the
    tab's."""
    skip_if_absent(name)
    lab = build_lab("prc", "prc")
    printed = subprocess.run(
        [sys.executable, "-m", "icetui", "browser", "--stun", STUN_URL],
        capture_output=True,
        check=True,
    ).stdout
    snippet, theirs = tmp_path / "snippet.js", tmp_path / "tab"
    snippet.write_bytes(printed)
    files = ["--snippet", str(snippet), "--out", str(theirs), "--in", str(tmp_path / "handed")]
    # The tab stays longer than icetui; that icetui has left it notices after 5 s.
    files += ["--role", role, "--mdns", "--hold", "4"]
    tab = lab["bob"].spawn(sys.executable, "-m", "tests.lab.console", name, *files)
    servers = ("--stun", STUN_URL)
    if role == "offer":  # ours is written when theirs is known: in the kind it was given
        peer = Peer(lab["alice"], tmp_path, "handed", "tab", servers=servers, give_up=30, hold=2)
    else:
        chosen = ("--format", "json")
        peer = Peer(
            lab["alice"], tmp_path, "ours", "tab", *chosen, servers=servers, give_up=30, hold=2
        )
        peer.wait_for("gathering-state-changed", state="complete")
        exchange.read_description(peer.blob, "offer", timeout=5)
        hand_over(peer.blob, tmp_path / "handed")
    outcome = peer.outcome()
    out, err = tab.communicate(timeout=30)
    assert outcome.code == 0, (outcome.explain(), out, err)
    result = json.loads(out)
    assert "\n" not in theirs.read_text()
    assert result["ice"] in ("connected", "completed"), result
    assert result["connection"] == "connecting", result
    accepted = next(e for e in outcome.events if e["event"] == "description-accepted")
    assert (accepted["kind"], accepted["sdp_type"]) == ("json", role)
