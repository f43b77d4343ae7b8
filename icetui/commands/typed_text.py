"""What is typed or pasted at a terminal, read whole.

A terminal hands over lines and cuts each at 4095 characters (Linux; macOS at 1024), as long as it
lets its user edit them (canonical mode, termios(3)). Pasted descriptions are longer, so that mode
is left while they are read; what editing it offered is done here.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator

_END, _ERASE, _OTHER_ERASE, _KILL = 0x04, 0x7F, 0x08, 0x15
"""Ctrl-D, backspace (either key), Ctrl-U."""


@contextlib.contextmanager
def whole_lines(file: int) -> Iterator[bool]:
    """Lift the limit on lines of this terminal meanwhile; whether it could be, is yielded.

    It is not where `file` is no terminal, or another program than us has it (we run in the
    background, where changing it would stop us).
    """
    if sys.platform == "win32" or not os.isatty(file):
        yield False
        return
    import termios

    try:
        before = termios.tcgetattr(file)
        ours = os.tcgetpgrp(file) == os.getpgrp()
    except (OSError, termios.error):
        ours = False
    if not ours:
        yield False
        return
    changed = [*before[:3], before[3] & ~termios.ICANON, *before[4:6], [*before[6]]]
    changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0
    termios.tcsetattr(file, termios.TCSANOW, changed)
    try:
        yield True
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(file, termios.TCSANOW, before)


class Typing:
    """Bytes of a terminal without canonical mode → what they mean."""

    def __init__(self) -> None:
        self._line = bytearray()
        self.ended = False
        """Ctrl-D was pressed."""

    def feed(self, data: bytes) -> bytes:
        """The lines that are finished by now, and at the end what there is of the last."""
        finished = bytearray()
        for byte in data:
            if byte == _END:
                self.ended = True
                break
            if byte in (_ERASE, _OTHER_ERASE):
                del self._line[-1:]
            elif byte == _KILL:
                self._line.clear()
            else:
                self._line.append(byte)
                if byte == 0x0A:
                    finished += self._line
                    self._line.clear()
        if self.ended:
            finished += self._line
            self._line.clear()
        return bytes(finished)


def read_typed(file: int, most: int, ready: Callable[[], None]) -> bytes:
    """All that comes until Ctrl-D, at most about `most` bytes; `ready` is called when no line is
    cut any more."""
    typing, text = Typing(), bytearray()
    with whole_lines(file) as whole:
        ready()
        while len(text) <= most and not typing.ended:
            chunk = os.read(file, 65536)
            if not chunk:
                break
            text += typing.feed(chunk) if whole else chunk
    return bytes(text)
