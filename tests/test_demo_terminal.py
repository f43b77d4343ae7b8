"""The demo as a person sees it: a real terminal, keys only."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tmux import INSTALLED, Tmux

DEMO = (sys.executable, "-m", "icetui", "demo")
SHELL = ("sh", "-c", '"$0" "$@"; echo "ended with $?"; sleep 30')
"""Says how the program has ended."""


@pytest.fixture
def tmux(tmp_path: Path, env: dict[str, str]) -> Iterator[Tmux]:
    if not INSTALLED:
        assert not os.environ.get("ICETUI_REQUIRE_LAB"), "tmux is required here and missing"
        # Never in CI: the line above makes it a failure there.
        pytest.skip("tmux is not installed")
    server = Tmux(tmp_path / "tmux", env)
    yield server
    server.close()


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (140, 40)])
def test_a_walk_through_the_demo(tmux: Tmux, columns: int, rows: int) -> None:
    window = tmux.open(*SHELL, *DEMO, columns=columns, rows=rows)
    window.until("alice's side .*CONNECTED +direct")
    window.keys("x")
    window.until("bob's side .*CONNECTED +direct")
    window.keys("i")
    window.until("✓ stun +✓ turn")
    window.keys("c")
    window.until("╳")
    window.until("alice: disconnected")
    window.keys("c")
    window.until("you restored the line alice-nat.outside")
    window.until(lambda screen: len(re.findall("CONNECTED +direct", screen.split("\n")[0])) == 2)
    window.keys("<")
    window.until("÷10")
    window.until("▶|◀")
    window.keys("b")
    window.until("you made alice-nat forget")
    window.keys(">")
    window.until("real time")
    window.keys("i")
    window.until("Pair checks")
    window.keys("q")
    window.until("ended with 0")


def test_no_relay_between_symmetric_nats_is_told_on_both_sides(tmux: Tmux) -> None:
    flags = ("--alice", "sym", "--bob", "sym", "--no-turn")
    window = tmux.open(*DEMO, *flags, columns=140, rows=40)
    window.until("symmetric NAT")
    window.keys("x")
    window.until("bob's side")
    window.until("symmetric NAT")
    window.keys("i")
    window.until("not let in from this sender")
