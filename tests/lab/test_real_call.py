"""A person and a page that makes a call: its offer copied into icetui, icetui's answer back."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.lab import needs
from tests.lab.foreign import Foreign, skip_if_absent
from tests.lab.lab import BuildLab
from tests.lab.peers import exchange
from tests.lab.terminal import await_file, terminal
from tests.lab.topology import STUN_URL

CONNECTED = r"\b(CONNECTED|COMPLETED)\b"
HELD = 8.0


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_a_call_of_audio_and_video_without_a_camera_is_answered_at_80_by_24(
    build_lab: BuildLab, tmp_path: Path, name: str
) -> None:
    """`addTransceiver` for both; behind two NATs. What the clipboard holds is handed back."""
    skip_if_absent(name)
    if shutil.which("tmux") is None:
        needs.skip("tmux is not installed")
    lab = build_lab("prc", "prc")
    answer = tmp_path / "handed"
    page = Foreign(
        lab["bob"], name, "offer", tmp_path, [STUN_URL], other=answer, hold=HELD,
        extra=["--media", "audio+video", "--timeout", "60"],
    )  # fmt: skip
    program = (sys.executable, "-m", "icetui", "--stun", STUN_URL)
    with terminal(lab["alice"], *program, columns=80, rows=24) as icetui:
        icetui.wait(lambda screen: re.search(r"gathering .* complete", screen) is not None)
        icetui.paste(await_file(page.own, 40, holding="a=candidate"))
        # The answer is copied by itself, once theirs was understood.
        icetui.wait(lambda screen: "Your answer as JSON" in screen)
        icetui.wait(lambda _: "answer" in icetui.copied())
        copied = icetui.copied()
        sections = re.findall(r"m=(\w+) (\d+)", json.loads(copied)["sdp"])
        assert sections == [("audio", "9"), ("video", "9")]
        exchange.write_description(answer, "answer", json.loads(copied)["sdp"])
        screen = icetui.wait(lambda screen: re.search(CONNECTED, screen) is not None)
        assert "direct" in screen
        result = page.result(60)
        assert result["state"] == "connected", result
        assert result["held"] >= HELD - 0.5, result
