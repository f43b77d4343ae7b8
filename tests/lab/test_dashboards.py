"""Real dashboards, each in a terminal behind a NAT of its own, driven by keys."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from icetui.commands import browser_snippet
from icetui.servers.server_urls import parse_stun
from tests.lab import needs
from tests.lab.foreign import skip_if_absent
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
        alice.wait(lambda screen: "Leave?" in screen)
        alice.keys("q")
        bob.wait(lambda screen: re.search(CONNECTED, screen) is None)


def test_a_browser_tab_connects_by_paste(build_lab: BuildLab, tmp_path: Path) -> None:
    """As README says: the snippet into a console, the tab's line into icetui, the answer back."""
    skip_if_absent("chromium")
    lab = build_lab("prc", "prc")
    snippet, offer, answer = (tmp_path / name for name in ("snippet.js", "offer", "answer"))
    snippet.write_text(browser_snippet.snippet([parse_stun(STUN_URL)]))
    files = ["--snippet", str(snippet), "--out", str(offer), "--in", str(answer)]
    tab = lab["bob"].spawn(
        *(sys.executable, "-m", "tests.lab.console", "chromium", "--mdns", *files, "--hold", "2")
    )
    with terminal(lab["alice"], *dashboard(tmp_path, "own"), columns=80, rows=24) as alice:
        alice.wait(lambda screen: re.search(r"gathering .* complete", screen) is not None)
        alice.paste(await_file(offer))
        alice.wait(lambda screen: "Understood their JSON" in screen)
        alice.keys("o")
        screen = alice.wait(lambda screen: "Send them this answer" in screen)
        prose = " ".join(screen.replace("│", " ").split())
        assert "ICE will connect; the media or data above it will not" in prose
        # Only now does the tab get it: once connected the card has other things to say.
        answer.write_text(await_file(tmp_path / "own", holding='"answer"'))
        screen = alice.wait(lambda screen: re.search(CONNECTED, screen) is not None)
        assert public_address(lab, "bob") in screen, screen
        alice.keys("t")
        alice.wait(lambda screen: "fingerprint" in screen and "setup" in screen)
        out, err = tab.communicate(timeout=30)
        assert tab.returncode == 0, err
        assert "ICE: connected" in json.loads(out)["said"]
