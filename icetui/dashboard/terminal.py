"""What Textual's terminal driver has to be told before the app starts."""

from __future__ import annotations

import codecs
import functools
import os
import sys
import time


def bear_any_byte() -> None:
    """A byte that is no UTF-8, in a paste from an old file say, becomes a replacement character.

    Textual's driver decodes strictly, and a decoder that raises ends the app with a traceback. The
    driver takes its decoder by this name from its own module.
    """
    if sys.platform != "win32":
        from textual.drivers import linux_driver

        linux_driver.getincrementaldecoder = _replacing  # type: ignore[attr-defined, assignment]  # imported there


def draw_on_stdout() -> None:
    """Textual draws on stderr; where that leads elsewhere (`2>/dev/null`), it draws on stdout.

    The engine is started before, and its complaints have a file of their own.
    """
    if sys.__stderr__ is None or not sys.__stderr__.isatty():
        sys.__stderr__ = sys.__stdout__  # type: ignore[misc]  # where the driver looks


def show_utc() -> None:
    """Every time of day that is shown is one of UTC from now on."""
    os.environ["TZ"] = "UTC0"
    if hasattr(time, "tzset"):  # not on Windows
        time.tzset()


def _replacing(encoding: str) -> functools.partial[codecs.IncrementalDecoder]:
    return functools.partial(codecs.getincrementaldecoder(encoding), errors="replace")
