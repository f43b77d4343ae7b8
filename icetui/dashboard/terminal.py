"""What Textual's terminal driver has to be told before the app starts."""

from __future__ import annotations

import codecs
import functools
import sys


def bear_any_byte() -> None:
    """A byte that is no UTF-8, in a paste from an old file say, becomes a replacement character.

    Textual's driver decodes strictly, and a decoder that raises ends the app with a traceback. The
    driver takes its decoder by this name from its own module.
    """
    if sys.platform != "win32":
        from textual.drivers import linux_driver

        linux_driver.getincrementaldecoder = _replacing  # type: ignore[attr-defined, assignment]  # imported there


def _replacing(encoding: str) -> functools.partial[codecs.IncrementalDecoder]:
    return functools.partial(codecs.getincrementaldecoder(encoding), errors="replace")
