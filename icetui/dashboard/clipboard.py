"""The ways text can reach a clipboard, tried in order, each with its outcome.

No way is acknowledged by anyone, so an outcome says where the text was *sent*. Nothing here
blocks the screen or raises: the slow ways run in a thread with a time-out.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

PATIENCE = 1.0
"""Seconds any one way may take."""
OSC52_COMFORTABLE = 1000
"""Characters above which some terminals drop OSC 52."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a text was sent, and what did not work."""

    sent: tuple[str, ...]
    failed: tuple[str, ...] = ()
    long: bool = False
    """More than every terminal takes by OSC 52."""

    @property
    def sentence(self) -> str:
        """`sent to your terminal's clipboard, tmux buffer`: never "copied", nobody confirms it."""
        if not self.sent:
            return "no clipboard reached: press w to save it to a file"
        doubt = "; if it is not there, press u or w" if self.long else ""
        return f"sent to {', '.join(self.sent)}{doubt}"


def _tmux(text: str) -> None:
    """tmux drops OSC 52 from programs by default; `-w` hands the buffer on to its terminal."""
    for command in (["tmux", "load-buffer", "-w", "-"], ["tmux", "load-buffer", "-"]):
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=PATIENCE, check=False
        )
        if done.returncode == 0:
            return
    raise OSError("tmux refused the buffer")


def _system(text: str) -> None:
    import pyperclip

    pyperclip.copy(text)


@dataclass(frozen=True, slots=True)
class Clipboard:
    """Copies text by every way this terminal has."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    platform: str = sys.platform
    tmux: Callable[[str], None] = _tmux
    system: Callable[[str], None] = _system

    @property
    def in_tmux(self) -> bool:
        return bool(self.environment.get("TMUX"))

    @property
    def has_display(self) -> bool:
        """A desktop whose clipboard is the user's: never the far one of an SSH session."""
        if self.environment.get("SSH_CONNECTION") or self.environment.get("SSH_TTY"):
            return False
        return self.platform in ("darwin", "win32") or bool(
            self.environment.get("DISPLAY") or self.environment.get("WAYLAND_DISPLAY")
        )

    async def copy(self, text: str, osc52: Callable[[str], None]) -> Outcome:
        """Send `text` everywhere; `osc52` is the app's way to the terminal itself."""
        osc52(text)
        sent, failed = ["your terminal's clipboard"], []
        ways = []
        if self.in_tmux:
            ways.append(("the tmux buffer", self.tmux))
        if self.has_display:
            ways.append(("the system clipboard", self.system))
        for name, way in ways:
            try:
                await asyncio.wait_for(asyncio.to_thread(way, text), PATIENCE)
            except Exception:  # pyperclip and its helpers raise anything; none of it matters here
                failed.append(name)
            else:
                sent.append(name)
        return Outcome(tuple(sent), tuple(failed), long=len(text) > OSC52_COMFORTABLE)
