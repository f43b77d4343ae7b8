"""icetui connects with every foreign peer through two NATs, in both roles."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import peers
from tests.lab.foreign import skip_if_absent
from tests.lab.interop import Meeting, on_hosts, problem
from tests.lab.lab import BuildLab


@pytest.mark.parametrize("role", ["offer", "answer"])
@pytest.mark.parametrize("name", peers.NAMES)
def test_icetui_connects_with_a_foreign_peer(
    build_lab: BuildLab, tmp_path: Path, name: str, role: str
) -> None:
    """``role`` is the foreign peer's."""
    skip_if_absent(name)
    lab = build_lab("prc", "prc")
    meeting = Meeting(name, role, "prc", "prc", "nobody")
    outcome, result = on_hosts(lab["alice"], lab["bob"], meeting, tmp_path)
    assert problem(outcome, result, "direct") is None
    near, far = (lab.topology.plan(site).public for site in ("alice", "bob"))
    assert outcome.summary["selected_pair"]["remote"]["address"] == far
    assert result["selected_pair"]["remote"]["address"] == near
