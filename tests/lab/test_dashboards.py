"""Two real dashboards, each in a terminal behind a NAT of its own, driven by keys."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.lab import needs
from tests.lab.lab import BuildLab, Lab
from tests.lab.terminal import Terminal, await_file, terminal
from tests.lab.topology import STUN_URL

CONNECTED = r"\b(CONNECTED|COMPLETED)\b"


@pytest.fixture(autouse=True)
def tmux() -> None:
    if shutil.which("tmux") is None:
        needs.skip("tmux is not installed")


def dashboard(folder: Path, name: str) -> list[str]:
    return [
        *(sys.executable, "-m", "icetui", "--stun", STUN_URL),
        *("--blob-out", str(folder / name)),
    ]


def paste_both(alice: Terminal, bob: Terminal, folder: Path) -> None:
    """Each side pastes what the other copied, once its card says that gathering is complete."""
    blobs = {}
    for side, name in ((alice, "alice"), (bob, "bob")):
        side.wait(lambda screen: re.search(r"gathering .* complete", screen) is not None)
        blobs[name] = await_file(folder / name)
    alice.paste(blobs["bob"])
    bob.paste(blobs["alice"])


def public_address(lab: Lab, site: str) -> str:
    return lab.topology.plan(site).public


@pytest.mark.parametrize(("columns", "rows"), [(140, 40), (80, 24)])
def test_two_dashboards_connect_through_two_nats(
    build_lab: BuildLab, tmp_path: Path, columns: int, rows: int
) -> None:
    lab = build_lab("prc", "prc")
    size = {"columns": columns, "rows": rows}
    with (
        terminal(lab["alice"], *dashboard(tmp_path, "alice"), **size) as alice,
        terminal(lab["bob"], *dashboard(tmp_path, "bob"), **size) as bob,
    ):
        paste_both(alice, bob, tmp_path)
        for side, other in ((alice, "bob"), (bob, "alice")):
            screen = side.wait(lambda screen: re.search(CONNECTED, screen) is not None)
            assert "direct" in screen
            # The path pane names the NATs that it leads through.
            assert public_address(lab, other) in screen, screen
        alice.keys("q")
        bob.wait(lambda screen: re.search(CONNECTED, screen) is None)
