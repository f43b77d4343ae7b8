"""icetui connects with every foreign peer through text alone, in both roles, as SDP and as JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import by_text, peers
from tests.lab.foreign import skip_if_absent
from tests.lab.lab import BuildLab

HOLD = 1.0
"""Seconds; `python -m tests.lab by-text` holds for 30."""
OPEN = [(name, False) for name in peers.NAMES]
HIDDEN = [(name, True) for name in by_text.BROWSERS]


@pytest.mark.parametrize(("name", "mdns"), [*OPEN, *HIDDEN])
def test_icetui_connects_with_a_foreign_peer(
    build_lab: BuildLab, tmp_path: Path, name: str, mdns: bool
) -> None:
    """Four cases at a time: through two NATs, or, for browsers that hide their addresses behind
    `.local` names, in one LAN without any server."""
    skip_if_absent(name)
    lab = build_lab(topology=by_text.TOPOLOGIES["LAN" if mdns else "NATs"], server=not mdns)
    four = [case for case in by_text.cases([name]) if case.mdns == mdns]
    near, far = lab["alice"].address, lab["bob"].address
    if not mdns:
        near, far = (lab.topology.plan(site).public for site in ("alice", "bob"))
    for met in by_text.meet_all(four, tmp_path, HOLD, lab):
        assert met.connected, met.explain()
        assert met.outcome.path == met.result["path"] == "direct", met.explain()
        assert met.outcome.summary["selected_pair"]["remote"]["address"] == far
        assert met.result["selected_pair"]["remote"]["address"] == near
        if mdns:
            assert_name_is_explained(met, far)


@pytest.mark.parametrize("name", by_text.CALLERS)
def test_the_offer_of_a_real_call_is_answered(
    build_lab: BuildLab, tmp_path: Path, name: str
) -> None:
    """Audio, audio and video, and both with data; with a BUNDLE group and without one."""
    skip_if_absent(name)
    lab = build_lab(topology=by_text.TOPOLOGIES["NATs"])
    for met in by_text.meet_all(list(by_text.calls([name])), tmp_path, HOLD, lab):
        assert met.connected, met.explain()
        assert met.outcome.path == met.result["path"] == "direct", met.explain()


def test_servers_that_only_answer_are_nominated(build_lab: BuildLab, tmp_path: Path) -> None:
    """ICE lite, and some that send no checks and do not say that they are."""
    skip_if_absent("pion")
    lab = build_lab(topology=by_text.TOPOLOGIES["server"])
    for met in by_text.meet_all(list(by_text.servers()), tmp_path, HOLD, lab):
        assert met.connected, met.explain()
        assert met.outcome.summary["role"] == "controlling", met.explain()


def assert_name_is_explained(met: by_text.Met, address: str) -> None:
    """Their name is shown at once, and in the end what became of it."""
    shown = [e["candidate"] for e in met.outcome.events if e["event"] == "remote-candidate-added"]
    named = [c for c in shown if c["address"].endswith(".local") and c["transport"] == "udp"]
    assert "is being asked for by mDNS" in named[0]["unsupported"], shown
    last = [c for c in shown if c["id"] == named[0]["id"]][-1]
    why = last.get("unsupported") or ""
    assert last["address"] == address or address in why or "nobody in this network" in why, shown
