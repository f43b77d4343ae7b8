"""The dashboard on this terminal: whether there is one, what it draws, what it leaves behind."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from icetui.streams.source import Source

NO_TERMINAL = (
    "icetui draws on a terminal, and {}; use `icetui peer` for a session without a screen."
)


def has_terminal() -> bool:
    """Whether there is a screen to draw on and a keyboard to read."""
    return all(s is not None and s.isatty() for s in (sys.stdin, sys.stdout))


def no_terminal() -> str:
    """The sentence that says which stream is no terminal."""
    streams = (("stdin", sys.stdin), ("stdout", sys.stdout))
    none = [name for name, stream in streams if stream is None or not stream.isatty()]
    said = "neither stdin nor stdout is one" if len(none) == 2 else f"{none[0]} is none"
    return NO_TERMINAL.format(said)


def hold_garbage() -> None:
    """Collect none until the first frame stands: all that is loaded until then stays, and looking
    through it again and again takes a tenth of the time to that frame. The dashboard goes on."""
    gc.disable()


def run_dashboard(
    source: Source,
    mask: bool = False,
    *,
    again: Callable[[], Source] | None = None,
    quiet: bool = False,
    sides: tuple[str, ...] = (),
    problems: tuple[str, ...] = (),
) -> NoReturn:
    """Draw a source until the user quits; `again` opens another one in its place. The demo has
    two `sides`; `problems` are mistakes in the settings."""
    from icetui.dashboard.app import Dashboard
    from icetui.dashboard.farewell import last_words
    from icetui.dashboard.taste import Taste
    from icetui.dashboard.terminal import bear_any_byte, draw_on_stdout, show_utc
    from icetui.settings.preferences import Remembered, preferences
    from icetui.settings.session_settings import config_path

    wanted, wrong = preferences(config_path())
    taste = Taste(wanted, Remembered(), (*dict.fromkeys((*problems, *wrong)),))
    if wanted.time == "utc":
        show_utc()
    bear_any_byte()
    draw_on_stdout()
    stage = None
    if sides:
        from icetui.dashboard.stage import Stage

        stage = Stage(source, sides)
    app = Dashboard(source, mask=mask, again=again, stage=stage, taste=taste)
    code = app.run()
    if not (quiet or wanted.quiet):
        click.echo(last_words(app), nl=False)
    sys.exit(code if code is not None else app.return_code or 0)
