"""Copying: every way is tried in its place, none is claimed to have worked, none can hurt."""

import time

import pytest

from icetui.dashboard import clipboard as module
from icetui.dashboard.clipboard import Clipboard, Outcome


class Ways:
    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    def osc52(self, text: str) -> None:
        self.calls.append(("osc52", text))

    def tmux(self, text: str) -> None:
        self.calls.append(("tmux", text))

    def system(self, text: str) -> None:
        self.calls.append(("system", text))

    def clipboard(self, platform: str = "linux", **environment: str) -> Clipboard:
        return Clipboard(environment, platform, self.tmux, self.system)


@pytest.mark.parametrize(
    ("platform", "environment", "tried"),
    [
        ("linux", {}, ["osc52"]),
        ("linux", {"TMUX": "x"}, ["osc52", "tmux"]),
        ("linux", {"DISPLAY": ":0"}, ["osc52", "system"]),
        ("linux", {"WAYLAND_DISPLAY": "w", "TMUX": "x"}, ["osc52", "tmux", "system"]),
        ("linux", {"DISPLAY": ":10", "SSH_CONNECTION": "a b c d"}, ["osc52"]),
        ("darwin", {}, ["osc52", "system"]),
        ("win32", {"SSH_TTY": "/dev/pts/1"}, ["osc52"]),
    ],
)
async def test_each_way_is_tried_where_it_makes_sense(
    platform: str, environment: dict[str, str], tried: list[str]
) -> None:
    ways = Ways()
    outcome = await ways.clipboard(platform, **environment).copy("blob", ways.osc52)
    assert [name for name, _ in ways.calls] == tried
    assert len(outcome.sent) == len(tried)
    assert outcome.failed == ()


async def test_a_way_that_breaks_is_left_out_of_the_sentence() -> None:
    def broken(text: str) -> None:
        raise RuntimeError("no clipboard mechanism")

    ways = Ways()
    clipboard = Clipboard({"TMUX": "x", "DISPLAY": ":0"}, "linux", ways.tmux, broken)
    outcome = await clipboard.copy("blob", ways.osc52)
    assert outcome.failed == ("the system clipboard",)
    assert outcome.sentence == "sent to your terminal's clipboard, the tmux buffer"


async def test_a_way_that_hangs_does_not_hang_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    ways = Ways()
    clipboard = Clipboard(
        {"DISPLAY": ":0"}, "linux", ways.tmux, lambda text: time.sleep(0.3)
    )  # hangs
    started = time.monotonic()
    outcome = await clipboard.copy("blob", ways.osc52)
    assert time.monotonic() - started < 0.25
    assert outcome.failed == ("the system clipboard",)


def test_the_sentence_never_says_copied_and_doubts_long_texts() -> None:
    assert "copied" not in Outcome(("your terminal's clipboard",)).sentence
    assert "press u or w" in Outcome(("your terminal's clipboard",), long=True).sentence
