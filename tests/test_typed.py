"""Lines of any length come whole from a terminal, and it is left as it was."""

from __future__ import annotations

import os
import pty
import select
import sys
import termios
import time
from pathlib import Path

import pytest

from icetui.commands.typed_text import Typing, whole_lines
from tests.running import ALONE, ICETUI, environment


def test_keys_that_edit_a_line_still_do() -> None:
    typing = Typing()
    assert typing.feed(b"abd\x7fc\nwrong\x15right") == b"abc\n"
    assert (typing.feed(b"!\x04ignored"), typing.ended) == (b"right!", True)


@pytest.mark.skipif(sys.platform == "win32", reason="no such terminals")
def test_a_pipe_is_no_terminal() -> None:
    reading, writing = os.pipe()
    with whole_lines(reading) as whole:
        assert not whole
    os.close(reading)
    os.close(writing)


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, home: Path, *argv: str) -> None:
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], list(argv), environment(home))
        self.shown = ""

    def shows(self, words: str, within: float = 20.0) -> None:
        """Wait until it has shown these words."""
        deadline = time.monotonic() + within
        while words not in self.shown:
            left = deadline - time.monotonic()
            ready = select.select([self.file], [], [], max(0.0, left))[0]
            assert ready, f"{words!r} is not in {self.shown[-1500:]!r}"
            try:
                self.shown += os.read(self.file, 65536).decode("utf-8", "replace")
            except OSError:  # it has ended
                break
        assert words in self.shown

    def types(self, text: str) -> None:
        data = text.encode()
        while data:
            data = data[os.write(self.file, data[:1000]) :]
            if select.select([self.file], [], [], 0)[0]:  # its echo must not fill up
                self.shown += os.read(self.file, 65536).decode("utf-8", "replace")

    @property
    def canonical(self) -> bool:
        return bool(termios.tcgetattr(self.file)[3] & termios.ICANON)

    def close(self) -> None:
        os.close(self.file)
        os.waitpid(self.pid, 0)


def test_a_line_beyond_4095_characters_is_read_whole_by_decode(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, *ICETUI, "decode")
    terminal.shows("end it with Ctrl-D")
    offer = '{"type": "offer", "padding": "' + "x" * 6000 + '", "sdp": "v=0\\r\\n'
    offer += "a=ice-ufrag:Long\\r\\na=ice-pwd:" + "p" * 22 + '\\r\\n"}'
    terminal.types(offer + "\n\x04")
    terminal.shows("Long")
    terminal.shows("22 characters")
    assert terminal.canonical
    terminal.close()


def test_a_line_beyond_4095_characters_is_read_whole_by_peer(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, *ICETUI, "peer", *ALONE, "--give-up", "20")
    terminal.shows("icetui:")
    assert not terminal.canonical
    offer = '{"type": "offer", "padding": "' + "x" * 6000 + '", "sdp": "v=0\\r\\n'
    offer += "a=ice-ufrag:Long\\r\\na=ice-pwd:" + "p" * 22 + "\\r\\n"
    offer += 'a=candidate:1 1 udp 9 127.0.0.1 9 typ host\\r\\n"}'
    terminal.types(offer + "\n")
    terminal.shows("their json was read: 1 new candidate")
    terminal.types("\x03")
    terminal.shows("interrupted")
    terminal.close()
