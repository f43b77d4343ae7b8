"""Every foreign peer connects with bare aioice through two NATs, in both roles."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import peers
from tests.lab.foreign import Foreign, results, skip_if_absent
from tests.lab.lab import BuildLab
from tests.lab.topology import STUN_URL


@pytest.mark.parametrize("role", ["offer", "answer"])
@pytest.mark.parametrize("name", peers.NAMES)
def test_a_peer_connects_with_aioice(
    build_lab: BuildLab, tmp_path: Path, name: str, role: str
) -> None:
    skip_if_absent(name)
    lab = build_lab("prc", "prc")
    stun = [STUN_URL]
    one = Foreign(lab["alice"], name, role, tmp_path, stun=stun)
    other = Foreign(lab["bob"], "aioice", "answer" if role == "offer" else "offer", tmp_path, stun)
    mine, theirs = results(one, other)
    for result in (mine, theirs):
        assert (result["state"], result["path"]) == ("connected", "direct"), (mine, theirs)
        assert 0 <= result["time_to_connect"] < 10
    assert mine["peer"] == name
    seen = {lab.topology.plan(site).public for site in ("alice", "bob")}
    remote = {result["selected_pair"]["remote"]["address"] for result in (mine, theirs)}
    assert remote <= seen
