"""Keys that are a paste: a terminal without bracketed paste types what is pasted.

Whoever types a description by hand takes longer than a few milliseconds a key. So printable keys
wait that long for a neighbour: a few alone are keys, many in one go are a text.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from textual.events import Key

GAP = 0.01
"""Seconds within which the next key of a paste comes."""
SILENCE = 0.2
"""Seconds without a key after which a paste is over: a slow line delivers it in pieces."""
LIKELY = 5
"""Keys in one go that are a paste if they begin as one."""
CERTAIN = 24
"""Keys in one go that nobody types."""
BEGINNING = re.compile(
    r"""[\s"'>`(\[{]*(icetui|v=0|a=[a-z]|m=[a-z]|o=|candidate:|\{|\[|eyJ|ew0|ewo|"?type|sdp
    |const\s|let\s|var\s|https?:)""",
    re.VERBOSE | re.IGNORECASE,
)
IN_FIELD = re.compile(r"[\s\"'>]*icetui:", re.IGNORECASE)
"""What is a paste even where a text field has the focus."""


@dataclass(slots=True)
class Burst:
    """Collects keys; hands on a paste, or the keys themselves."""

    paste: Callable[[str], None]
    replay: Callable[[list[Key]], None]
    keys: list[Key] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None
    _text: str = ""
    """What of a paste has come so far."""

    def take(self, key: Key, *, typing: bool) -> bool:
        """Whether the key waits here; `typing`: a text field has the focus."""
        character = "\n" if key.key in ("enter", "ctrl+j") else key.character or ""
        if key.key == "tab" and self._text:
            character = "\t"
        if not character or not (character.isprintable() or character in "\n\t"):
            held = bool(self.keys)
            if held:
                self.keys.append(key)  # it stays behind them
            self._flush()
            return held
        if not self.keys and not self._text:
            if character == "\n":
                return False
            if typing and character not in "iI\"'>":
                return False
        if self._text:
            self._text += character
        else:
            self.keys.append(key)
            text = "".join("\n" if k.key in ("enter", "ctrl+j") else k.character or "" for k in
                           self.keys)  # fmt: skip
            begins = IN_FIELD.match(text) if typing else BEGINNING.match(text)
            certain = len(text) >= CERTAIN and not typing
            if (begins and len(text) >= LIKELY) or certain:
                self._text, self.keys = text, []
        self._wait(SILENCE if self._text else GAP)
        return True

    @property
    def waiting(self) -> bool:
        return bool(self.keys or self._text)

    def _wait(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        text, self._text = self._text, ""
        keys, self.keys = self.keys, []
        if text:
            self.paste(text)
        if keys:
            self.replay(keys)
